#!/usr/bin/perl

# The whole flow in a real browser, JavaScript off: from the app's link through
# the login host and the picker to the app's code and token, and from the link
# in a refusal through the chooser. TEST_SCREENSHOTS=folder keeps a picture of
# each page.

use Procore::Test;
use Procore::Test::Node qw(node);
use Procore::Test::Relay qw(start_url);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my $app = $world->{clients}{crm}{redirect_uris}[0];
my %user = map { $_->{id} => $_ } @{ $world->{users} };
my $branches = $world->{series}{branches};
my $last = $branches->{first} + $branches->{count} - 1;

my $nginx = nginx(authorize => 1);
my $pictures = 0;


# The browser's way; what it kept and saw must be in no file of nginx.
sub drive {
    my (%order) = @_;

    my $folder = $ENV{TEST_SCREENSHOTS};
    $order{screenshots} = "$folder/" . ++$pictures if $folder;
    my $seen = node('pages', 'drive.js', \%order);
    remember(map { $_->{value} } @{ $seen->{cookies} || [] });
    remember(join('', $seen->{url}, map { $_->{html} // '' }
                  @{ $seen->{pages} }) =~ /\b(psg_[0-9a-f]{64})\b/g);
    is_deeply($seen->{problems}, [], 'the browser has nothing to say');
    return $seen;
}


# What the app was told in the address.
sub arrived {
    my ($seen) = @_;

    like($seen->{url}, qr/^\Q$app\E\?/, 'back at the app');
    return $seen->{url} =~ /[?&](code|error)=([^&]+)/;
}


for my $case (
    ['one company, no page', 2, $user{2}{companies}[0], 0,
     choose => undef],
    ['two, by keyboard', 6, $user{6}{companies}[1], 1],
    ['six, by keyboard in the dark', 1, $foreign, 1, dark => JSON::PP::true()],
    ['six, by click at 200 %', 1, $foreign, 1, by => 'click', zoom => 2],
    ['250, by keyboard on a phone', 4, $last, 2, width => 320, height => 640],
    ['250, through the page links', 4, $last, 5, by => 'pages'],
) {
    my ($name, $user, $company, $pages, %order) = @$case;

    subtest $name => sub {
        my $seen = drive(url => start_url($nginx, user => $user),
                         choose => "$company", %order);
        is(scalar(grep { $_->{kind} eq 'picker' } @{ $seen->{pages} }), $pages,
           'pages of the picker');
        my ($what, $code) = arrived($seen);
        is($what, 'code', 'with a code');
        my $token = token_request($nginx, code => $code, redirect => $app);
        is($token->{json}{company_id}, $company, 'for that company');
    };
}


subtest 'a user who cancels' => sub {
    my $seen = drive(url => start_url($nginx), cancel => JSON::PP::true());
    is(join(' ', arrived($seen)), 'error access_denied', 'and is told so');
};


subtest 'a user without a company' => sub {
    my $seen = drive(url => start_url($nginx, user => 3),
                     back => JSON::PP::true());
    is($seen->{pages}[0]{kind}, 'nothing', 'reads that there is none');
    is(join(' ', arrived($seen)), 'error access_denied', 'and goes back');
};


subtest 'a code to copy' => sub {
    my $oob = 'urn:ietf:wg:oauth:2.0:oob';
    my $seen = drive(url => start_url($nginx, redirect => $oob),
                     choose => "$home");
    like($seen->{code}, qr/^psg_[0-9a-f]{64}$/, 'is shown');
    my $token = token_request($nginx, code => $seen->{code},
                              redirect => $oob);
    is($token->{json}{company_id}, $home, 'and works');
};


subtest 'the link in a refusal' => sub {
    my $chooser = nginx(server => 'procore_scope_choose_url'
            . ' http://127.0.0.1:%%PORT%%/choose;'
            . ' procore_scope_bind chooser;',
        locations => 'location = /choose { procore_scope_chooser; }');
    my $token = bind_token($chooser)->{access_token};
    my $refused = $chooser->request('GET',
        "/rest/v1.0/projects?company_id=$foreign", token => $token);
    is($refused->{json}{reason}, 'unbound', 'refused');

    my ($link) = $refused->{json}{message} =~ m{(http://\S+l=[\w-]+)};
    remember($link =~ /l=(.+)/);
    my $seen = drive(url => $link, choose => "$foreign");
    is($seen->{pages}[0]{kind}, 'picker', 'the companies');
    is($seen->{url}, $chooser->url('/choose'), 'no link in the address');
    is($chooser->request('GET', "/rest/v1.0/projects?company_id=$foreign",
                         token => $token)->{status}, 200,
       'the same request passes');
};


done_testing();
