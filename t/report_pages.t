#!/usr/bin/perl

# The page of the report in a real browser: markup, accessibility, small
# windows, dark, keyboard, and what it says first.

use Procore::Test;
use Procore::Test::Node qw(node);
use Procore::Test::Report qw(STATUS reported);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};

my $fresh = nginx(mode => 'monitor', server => STATUS);
my $watch = nginx(mode => 'monitor', server => STATUS);
my $busy = nginx(workers => 2, server => STATUS
    . " procore_scope_exception $world->{largest} note=theirs;");

my $count = 0;

for my $id ('Field notes <b>&"', 'x' x 255, 'plain') {
    $watch->import_records({ access_token => "t" . length $id,
                             client => $id, company_id => $home });
    for (1 .. 3) {
        $watch->request('GET', "/rest/v1.1/projects?company_id=$foreign",
                        token => 't' . length $id);
        $count++;
    }
}

my $token = token_request(standin(), code => authorize_code(standin()));
for my $company ($home, $foreign, $world->{locked}, 3 .. 120) {
    $watch->request('GET', "/rest/v1.1/projects?company_id=$company",
        token => $token->{json}{access_token}, company => $company);
    $count++;
}
reported($watch, $count);

for my $to ($home, $foreign) {
    my $bound = bind_token($busy, company => $to);
    $busy->request('GET', "/rest/v1.1/projects?company_id=$_",
                   token => $bound->{access_token})
        for $home, $foreign, $world->{largest}, $world->{locked};
}
reported($busy, 8);

my %pages = (fresh => $fresh, watch => $watch, busy => $busy);
my $seen = node('pages', 'status.js', {
    pages => { map { ("report-$_" => $pages{$_}->url
                                     . '/status?view=report') } keys %pages },
    all => 'report-busy', screenshots => $ENV{TEST_SCREENSHOTS} });

for my $name (sort keys %$seen) {
    is_deeply($seen->{$name}{findings}, [], "no finding: $name");
    is(join(' ', map { /format=(\w+)$/ ? $1 : $_ } @{ $seen->{$name}{links} }),
       'html json csv', "$name: the Tab key comes to every link");
}

sub says {
    my ($name, $expression) = @_;
    like($seen->{"report-$name"}{text}, $expression, "$name: $expression");
}

says('fresh', qr/Nothing was seen yet/);
says('watch', qr/4 apps; 1 would have been installed in more than \d+ companies/);
says('watch', qr/App not known\s+realm production/);
says('watch', qr/App Field notes <b>&"/);
says('watch', qr/all others/);
says('busy', qr/1 app; 1 was kept out of 3 companies that are not theirs/);
says('busy', qr/Bound to several: \d+, \d+/);
says('busy', qr/2 by exceptions/);

done_testing();
