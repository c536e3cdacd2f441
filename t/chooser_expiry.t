#!/usr/bin/perl

# How long a link to the chooser lives, and the page that it has opened.

use Procore::Test;
use Procore::Test::Chooser qw(link_in link_for token);
use Procore::Test::Clock;
use Procore::Test::Relay qw(browser);

my $world = world();
my ($home) = $world->{home};

use constant { CHOOSE => '/choose', LIFE => 600, TICK => 1 };

my $clock = Procore::Test::Clock->new;
my $nginx = nginx(
    server => 'procore_scope_bind chooser token_request;
        procore_scope_choose_url http://127.0.0.1:%%PORT%%' . CHOOSE . ';',
    locations => 'location = ' . CHOOSE . ' { procore_scope_chooser; }');


sub later {
    my ($seconds) = @_;

    $clock->forward($seconds);
    sleep TICK;    # nginx looks at the clock twice a second
    return;
}


sub status {
    my ($token) = @_;

    return $nginx->request('GET', "/rest/v1.0/companies/$home/users",
                           token => $token, company => $home)->{status};
}


# A browser that has opened the link, and the status of the page.
sub opened {
    my ($link) = @_;

    my $browser = browser($nginx);
    my $status = $browser->link($link)->{status};
    remember(map { $_->{value} } $browser->relay_cookies);
    return ($browser, $status);
}


subtest 'a link that nobody has opened' => sub {
    my $token = token($nginx);
    my $link = link_for($nginx, $token);

    later(LIFE - 60);
    is((opened($link))[1], 200, 'opens shortly before its end');

    later(61);
    my ($browser, $status) = opened($link);
    is($status, 400, 'and not after it');
    like($browser->{page}{body}, qr/expired|run out|no longer/i,
         'its page says why');
    is(status($token), 403, 'the token has no company');

    my $new = link_for($nginx, $token);
    isnt($new, $link, 'the next refusal has another link');
    is((opened($new))[1], 200, 'which opens');
};


subtest 'a page that was open too long' => sub {
    my $token = token($nginx);
    my ($browser, $status) = opened(link_for($nginx, $token));
    is($status, 200, 'open');

    later(LIFE + 1);
    is($browser->submit(company => $home, action => 'choose')->{status}, 400,
       'its form comes too late');
    is(status($token), 403, 'nothing is bound');

    ($browser) = opened(link_for($nginx, $token));
    is($browser->submit(company => $home, action => 'choose')->{status}, 200,
       'in time');
    is(status($token), 200, 'it is');

    later(LIFE + 1);
    is(status($token), 200, 'for good');
};


done_testing();
