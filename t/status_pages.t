#!/usr/bin/perl

# The page of the status in a real browser: markup, accessibility, small
# windows, dark, keyboard, and what it says first.

use Procore::Test;
use Procore::Test::Node qw(node);
use Procore::Test::Status qw(STATUS counted);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};

my $fresh = nginx(mode => 'monitor', locations => STATUS);
my $off = nginx(mode => 'off', locations => STATUS);
my $broken = nginx(locations => STATUS, expect => [qr/out of order/],
                   start => 0);
open my $file, '>', $broken->store or die "$!";
close $file;
$broken->start;

my $busy = nginx(workers => 2, locations => STATUS,
    location => 'procore_scope_candidate unlisted deny;',
    http => "procore_scope_exception 5 until=2020-02-29 "
        . '"note=<script>alert(1)</script> joint venture, ticket 4711"; '
        . "procore_scope_exception 6 until=2099-12-31 note=audit; "
        . 'map $http_x_company $company { default ""; "~^(?<c>\d+)$" $c; }',
    server => 'procore_scope_company $company;');
my $token = bind_token($busy, company => $home);
my $count = 1;

for my $company (map { 562949953421312 + $_ } 1 .. 51) {
    $busy->request('GET', "/rest/v1.0/x?company_id=$company",
                   headers => ['X-Company' => $company], token => "t$company");
    $count++;
}
for (1 .. 12) {
    $busy->request('GET', "/rest/v1.0/x?company_id=$foreign&tracker_project_id=1",
                   token => $token->{access_token});
    $busy->request('GET', '/rest/v1.0/x');
    $count += 2;
}
$busy->request('GET', "/rest/v1.0/x?" . ('a' x 50) . '_company_id=1',
               token => $token->{access_token});
$busy->request('GET', '/rest/v1.0/x?' . percent('<b>"\'&') . '_company_id=1',
               token => $token->{access_token});
counted($busy, $count + 2);
$broken->request('GET', '/rest/v1.0/x', token => 'x');
counted($broken, 1);

my %pages = (fresh => $fresh, off => $off, broken => $broken, busy => $busy);
my $seen = node('pages', 'status.js', {
    pages => { map { $_ => $pages{$_}->url . '/status' } keys %pages },
    all => 'busy', screenshots => $ENV{TEST_SCREENSHOTS} });

for my $name (sort keys %pages) {
    is_deeply($seen->{$name}{findings}, [], "no finding: $name");
    is(join(' ', map { /\?(?:view|format)=(\w+)$/ ? $1 : $_ }
                     @{ $seen->{$name}{links} }),
       'report json prometheus ready', "$name: the Tab key comes to every link");
}

sub says {
    my ($name, $expression, $what) = @_;
    like($seen->{$name}{text} =~ s/\x{202f}//gr, $expression,
         "$name: " . ($what // $expression));
}

says('fresh', qr/What needs action\s+Nothing: the store is ready/);
says('fresh', qr/Mode\s+monitor/);
says('fresh', qr/No request was refused/);
says('off', qr/What needs action\s+Nothing is judged/);
says('broken', qr/What needs action\s+New tokens are not taken\s+Reason: the store is out of order/);
says('broken', qr/Requests that could not be decided/);
says('busy', qr/Exceptions that have run out\s+1 has no effect/);
says('busy', qr/missing_token\s+12\s/);
says('busy', qr/foreign_company\s+12\s/);
says('busy', qr/all others\s+2\s/, 'more than fifty companies');
says('busy', qr/tracker_project_id\s+12/);
says('busy', qr/5\s+<script>alert\(1\)<\/script> joint venture/, 'text is text');
says('busy', qr/2020-02-29: has run out/);
says('busy', qr/configured\s+51/, 'bindings by way');
says('busy', qr/Settings that are tried\b.*\bdenies\s+2\s+allows\s+0/s,
     'what the candidate would change');
unlike($seen->{fresh}{text}, qr{Settings that are tried}, "not without one");

done_testing();
