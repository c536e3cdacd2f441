#!/usr/bin/perl

# Procore's own JavaScript SDK, unchanged, in node: all that it is told about
# the gateway is the base URL. The package is pinned in t/sdk.

use Procore::Test;
use Procore::Test::Browser;
use Procore::Test::Node qw(node);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my $crm = $world->{clients}{crm};
my %app = (id => $crm->{id}, secret => $crm->{secret},
           uri => $crm->{redirect_uris}[0]);


sub sdk {
    my ($nginx, $do, %order) = @_;

    return node('sdk', 'app.js', { do => $do, base => $nginx->url,
                                   app => \%app, %order });
}


# The user follows the SDK's link and picks the company; the code.
sub consent {
    my ($nginx) = @_;

    my $url = sdk($nginx, 'authorize')->{url};
    my $browser = Procore::Test::Browser->new(hosts => {
        $nginx->url => $nginx, standin()->url => standin() });
    $browser->link("$url&login_as=1");
    $browser->submit(company => $home, action => 'choose');
    my %answer = $browser->arrived($app{uri});
    remember($answer{code}, map { $_->{value} } $browser->relay_cookies);
    return $answer{code};
}


for my $mode ('enforce', 'monitor') {
    subtest "$mode: a session of the SDK" => sub {
        my $nginx = nginx(mode => $mode, authorize => 1);
        my $code = consent($nginx);
        standin()->reset;
        my $seen = sdk($nginx, 'session', code => $code, company => $home,
                       project => $world->{home_project},
                       expire => standin()->url('/__expired'));
        remember(map { @$_{qw(access_token refresh_token)} }
                 grep { defined } @$seen{qw(token refreshed)});

        is($seen->{token}{company_id}, $home, 'token');
        is($seen->{info}{application}{uid}, $app{id}, 'info');
        is($seen->{me}{body}{login}, 'ann@example.com', 'get: me');
        is($seen->{projects}{status}, 200, 'get: projects');
        is_deeply([map { $_->{id} } @{ $seen->{projects}{body} }],
                  [1001 .. 1004], 'those of the company');
        is("$seen->{created}{status} $seen->{created}{body}{subject}",
           '201 Which door?', 'post');
        is("$seen->{updated}{status} $seen->{updated}{body}{subject}",
           '200 That door', 'patch');
        is($seen->{replaced}{body}{params}{office}{name}, 'North', 'put');
        is("$seen->{deleted}{status} $seen->{deleted}{body}{ok}", '200 1',
           'delete');

        my @companies = map { $_->{id} } @{ $seen->{companies}{body} };
        is($seen->{bare}{status}, $mode eq 'enforce' ? 200 : 400,
           'without a default company: the gateway adds it in enforce');
        is(scalar @companies, $mode eq 'enforce' ? 1 : 6, 'List Companies');

        ok($seen->{refreshed}{access_token}, 'refresh after a 401');
        isnt($seen->{refreshed}{access_token}, $seen->{token}{access_token},
             'a new token');
        is($seen->{renewed}{status}, 200, 'which works');
        is_deeply(standin()->installed, { $app{id} => [$home] },
                  'installed in one company');

        my $call = sub {
            return sdk($nginx, 'call', company => $home, endpoint => {
                base => '/projects', qs => { company_id => $_[0] } },
                token => $seen->{refreshed}{access_token});
        };
        is($call->($home)->{status}, 200, 'the refreshed token is bound');
        my $foreign = $call->($foreign);
        is($foreign->{body}{reason}, 'foreign_company',
           'the SDK hands the reason to the app') if $mode eq 'enforce';

        is_deeply(sdk($nginx, 'revoke',
                      token => $seen->{refreshed}{access_token}), {},
                  'revoke');
        my $dead = $call->($home);
        is($dead->{status}, 401, 'and the token is dead');
    };
}


done_testing;
