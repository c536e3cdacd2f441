#!/usr/bin/perl

# The chooser: a token that arrived without a company gets one from its user,
# by the link in a refusal, or from its app.

use Procore::Test;
use Procore::Test::Browser;
use Procore::Test::Chooser qw(link_in link_for token);
use Procore::Test::Relay qw(browser);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my @mine = @{ $world->{users}[0]{companies} };

use constant CHOOSE => '/choose';

# A gateway with a chooser. Ways that would bind before are left out.
sub gateway {
    my (%opt) = @_;

    my $server = delete $opt{server} // '';
    my $url = delete $opt{url} // 'http://127.0.0.1:%%PORT%%' . CHOOSE;
    return nginx(
        server => "procore_scope_bind chooser token_request;
            procore_scope_choose_url $url; $server",
        locations => 'location = ' . CHOOSE . ' { procore_scope_chooser; }',
        %opt);
}


# The app calls the API.
sub call {
    my ($nginx, $token, $company) = @_;

    return $nginx->request('GET', '/rest/v1.0/companies/'
        . ($company // $home) . '/users', token => $token,
        company => $company // $home);
}


sub passes {
    my ($nginx, $token, $company) = @_;

    my $answer = call($nginx, $token, $company);
    return $answer->{status} == 200
        ? 'passes' : "$answer->{status} $answer->{json}{reason}";
}


# A page of the chooser in this browser; its cookies stay secret.
sub opened {
    my ($browser, $link) = @_;

    my $page = $browser->link($link);
    remember(map { $_->{value} } $browser->relay_cookies);
    return $page;
}


my $nginx = gateway(workers => 2);


subtest 'a tool that shows its user the message alone' => sub {
    my $token = token($nginx);
    standin()->reset;

    my $refusal = call($nginx, $token);
    is($refusal->{status}, 403, 'refused');
    is($refusal->{json}{reason}, 'unbound', 'for there is no company');
    my $link = link_in($refusal);
    my $start = $nginx->url(CHOOSE);
    like($link, qr/^\Q$start\E\?l=[A-Za-z0-9_-]{22}$/, 'a short link');
    like($refusal->{json}{$_->[0]}, $_->[1], "$_->[0] shows it")
        for ['message', qr/; choose one at \Q$link\E$/];
    like($refusal->{json}{errors}{base}[0], qr/ at \Q$link\E$/, 'errors, too');

    my ($shown) = $refusal->{json}{message} =~ m{(https?://\S+)};
    my $browser = browser($nginx);
    my $page = opened($browser, $shown);

    is($page->{status}, 200, 'it opens in a browser');
    is($page->{url}, $nginx->url(CHOOSE), 'without the link in its address');
    is_deeply([sort $browser->offered], [sort @mine], 'the companies');
    like($page->{body}, qr/\Q$_\E/, "it says $_") for 'ann@example.com',
        'Acme North', $home, substr $world->{clients}{crm}{id}, 0, 8;
    like($page->{header}{'content-security-policy'}, qr/default-src 'none'/,
         'with the headers of the relay');

    $page = $browser->submit(company => $home, action => 'choose');
    is($page->{status}, 200, 'chosen');
    like($page->{body}, qr/Acme North/, 'the page names the company');
    is_deeply([$browser->relay_cookies], [], 'the cookie is gone');

    is(passes($nginx, $token, $home), 'passes', 'the same call now works');
    is(passes($nginx, $token, $foreign), '403 foreign_company',
       'that of another company does not');
    is_deeply(standin()->installed->{ $world->{clients}{crm}{id} }, [$home],
              'the app is installed there alone');

    my @steps = map { $nginx->next_action($_) }
        qw(chooser_opened company_offered bind);
    is($steps[-1]{procore_scope}{bound_by}, 'chooser', 'on record');
    is($steps[-1]{procore_scope}{company}, $home, 'with the company');
    my %id = map { $_->{procore_scope}{authorization} // 'none' => 1 } @steps;
    is(scalar keys %id, 1, 'by one id through all steps');
    like((keys %id)[0], qr/^[0-9a-f]{16}$/, 'of 16 digits');
    my %token = map { $_->{procore_scope}{token} // 'none' => 1 } @steps;
    is(scalar keys %token, 1, 'and the digits of one token');
};


subtest 'the link in the cookie and nowhere else' => sub {
    my $token = token($nginx);
    my $link = link_for($nginx, $token);

    my $browser = browser($nginx);
    my $first = $browser->go(GET => $link, follow => 0, site => 'cross-site');
    remember(map { $_->{value} } $browser->relay_cookies);
    is($first->{status}, 302, 'a redirect');
    is($first->{header}{location}, $nginx->url(CHOOSE), 'to the bare page');
    is($first->{header}{'cache-control'}, 'no-store', 'not to be kept');
    like($first->{header}{'set-cookie'},
         qr/^procore-scope-[0-9a-f]{12}=[\w-]+; Path=\/; Max-Age=600; /,
         'the cookie, for as long as the link');
    like($first->{header}{'set-cookie'}, qr/HttpOnly; SameSite=Lax/,
         'for this place alone');

    my $key = (split /=/, $link)[-1];
    unlike($first->{raw}, qr/\Q$key\E/, 'the answer does not show the link');

    my $page = $browser->open($nginx->url(CHOOSE), headers => [
        Referer => $link]);
    is($page->{status}, 200, 'the page');
    unlike($page->{body}, qr/\Q$key\E|\Q$token\E/, 'shows neither');
};


subtest 'only the choice uses a link up' => sub {
    my $token = token($nginx);
    my $link = link_for($nginx, $token);

    my $target = $link =~ s{^\w+://[^/]+}{}r;
    for my $method ('HEAD', 'GET', 'HEAD', 'GET') {
        is($nginx->request($method, $target, headers => [
               'Sec-Purpose' => 'prefetch'])->{status}, 302, $method);
    }
    is(link_for($nginx, $token), $link, 'one link, always the same');

    my ($one, $other) = (browser($nginx), browser($nginx));
    is(opened($_, $link)->{status}, 200, 'opened') for $one, $other, $one;
    is(opened($one, $nginx->url(CHOOSE))->{status}, 200, 'reloaded');

    is($one->submit(company => $home, action => 'choose')->{status}, 200,
       'the one chooses');
    my $late = $other->submit(company => $foreign, action => 'choose');
    is($late->{status}, 400, 'the other comes too late');
    is($late->{header}{'procore-scope-reason'}, 'spent', 'it is spent');
    is(opened(browser($nginx), $link)->{status}, 400, 'for everybody');
    is(opened($other, $nginx->url(CHOOSE))->{status}, 400, 'reloaded, too');
    is(passes($nginx, $token, $home), 'passes', 'the first choice stays');
};


subtest 'the same form twice' => sub {
    my $token = token($nginx);
    my $browser = browser($nginx);
    opened($browser, link_for($nginx, $token));

    my @jar = map { { %$_ } } @{ $browser->{jar} };
    my $page = $browser->{page};
    is($browser->submit(company => $home, action => 'choose')->{status}, 200,
       'chosen');
    @$browser{qw(jar page)} = (\@jar, $page);
    is($browser->submit(company => $home, action => 'choose')->{status}, 200,
       'a second click ends at the same page');
    @$browser{qw(jar page)} = (\@jar, $page);
    is($browser->submit(company => $foreign, action => 'choose')->{status},
       400, 'but not for another company');
};


subtest 'several links in one browser' => sub {
    my @tokens = map { token($nginx, user => $_) } 1, 6;
    my @links = map { link_for($nginx, $_) } @tokens;
    isnt($links[0], $links[1], 'each token has its own');

    my $browser = browser($nginx);
    my @pages = map { opened($browser, $_) } @links;
    is(scalar $browser->relay_cookies, 2, 'each has its cookie');

    my @offered;
    for my $page (@pages) {
        $browser->{page} = $page;
        push @offered, [sort $browser->offered];
    }
    is_deeply($offered[0], [sort @mine], 'the first page');
    is_deeply($offered[1], [sort @{ $world->{users}[5]{companies} }],
              'the second');

    $browser->{page} = $pages[0];
    is($browser->submit(company => $home, action => 'choose')->{status}, 200,
       'the form of the first one');
    is(passes($nginx, $tokens[0], $home), 'passes', 'binds its token');
    is(passes($nginx, $tokens[1], $home), '403 unbound', 'not the other');
};


subtest 'forms that are not of the page' => sub {
    my $token = token($nginx);
    my $browser = browser($nginx);
    opened($browser, link_for($nginx, $token));
    my $page = $browser->{page};

    my @cases = (
        ['another origin', 403, { origin => 'https://evil.example.com' }],
        ['no origin that it would tell', 403, { origin => 'null' }],
        ['another site', 403, { site => 'cross-site' }],
        ['another type', 415, { form => undef, body => 'a=b',
                                type => 'text/plain' }],
        ['a forged token', 403, token => 'f' x 64],
        ['no token', 403, token => ''],
        ['no state', 400, state => ''],
        ['another state', 400, state => 'a' x 64],
        ['no company', 400, company => ''],
        ['a company of nobody', 400, company => '999'],
        ['a company that is none', 400, company => '1 or 1'],
    );
    for my $case (@cases) {
        my ($name, $status, @values) = @$case;

        $browser->{page} = $page;
        is($browser->submit(company => $home, action => 'choose',
                            @values)->{status}, $status, $name);
    }

    $browser->{page} = $page;
    is($browser->submit(company => $home, action => 'choose')->{status}, 200,
       'the right one still works');
};


subtest 'a page behind a password' => sub {
    my $browser = browser($nginx, headers => [
        Authorization => 'Basic dXNlcjpwYXNz']);
    opened($browser, link_for($nginx, token($nginx)));
    is($browser->{page}{status}, 200, 'Basic is a browser\'s');
    is($browser->submit(company => $home, action => 'choose')->{status}, 200,
       'up to the choice');
};


subtest 'links that are none' => sub {
    my $browser = browser($nginx);

    for my $case ('', 'A' x 22, 'A' x 21, 'A' x 23, 'A' x 21 . 'B', '%00',
                  'A' x 20 . '+/', 'A' x 8000) {
        my $page = $browser->link($nginx->url(CHOOSE) . "?l=$case");
        is($page->{status}, 400, 'refused: ' . substr $case, 0, 24);
        is_deeply([$browser->relay_cookies], [], 'without a cookie');
    }
    is($browser->link($nginx->url(CHOOSE))->{status}, 400, 'nor the bare page');
    is($browser->link($nginx->url(CHOOSE) . '?l=a&l=b')->{status}, 400,
       'nor two');

    my $link = link_for($nginx, token($nginx));
    my $framed = $browser->go(GET => $link, dest => 'iframe',
                              site => 'cross-site');
    is($framed->{header}{'procore-scope-reason'}, 'framed', 'not in a frame');

    opened($browser, $link);
    my ($cookie) = $browser->relay_cookies;
    substr($cookie->{value}, 20, 1) =~ tr/A-Za-z0-9_-/_A-Za-z0-9/;
    is($browser->open($nginx->url(CHOOSE))->{status}, 400, 'a forged cookie');

    my $put = $nginx->request('PUT', CHOOSE, body => 'x');
    is($put->{status}, 405, 'another method');
    is($put->{header}{allow}, 'GET, HEAD, POST', 'with those that there are');
};


subtest 'bound meanwhile by another way' => sub {
    my $token = token($nginx);
    my $link = link_for($nginx, $token);
    my $browser = browser($nginx);
    opened($browser, $link);

    is($nginx->request('POST', CHOOSE, token => $token, json => {
           company_id => 0 + $foreign })->{status}, 200, 'by the app');

    my $page = $browser->submit(company => $home, action => 'choose');
    is($page->{status}, 400, 'the form comes too late');
    is($page->{header}{'procore-scope-reason'}, 'spent', 'and says so');
    is($page->{header}{'procore-scope-decision'} ? 1 : 0, 1, 'by a number');
    is(opened(browser($nginx), $link)->{status}, 400, 'the link is useless');
    is(passes($nginx, $token, $foreign), 'passes', 'the binding stays');
};


subtest 'revoked meanwhile' => sub {
    my $token = token($nginx);
    my $link = link_for($nginx, $token);
    my $browser = browser($nginx);
    opened($browser, $link);

    is(revoke($nginx, $token)->{status}, 200, 'revoked');
    is($browser->open($nginx->url(CHOOSE))->{status}, 400, 'no page');
    is($browser->{page}{header}{'procore-scope-reason'}, 'revoked_token',
       'for that reason');
    is(call($nginx, $token)->{json}{choose_url}, undef, 'no link any more');
};


subtest 'a token that has expired at Procore' => sub {
    my $token = token($nginx);
    my $browser = browser($nginx);
    opened($browser, link_for($nginx, $token));

    standin()->expire($token);
    my $page = $browser->open($nginx->url(CHOOSE));
    is($page->{status}, 400, 'a page that says so');
    like($browser->heading, qr/expired/, 'in words');
};


subtest 'Procore out of reach' => sub {
    my $token = token($nginx);
    my $browser = browser($nginx);
    opened($browser, link_for($nginx, $token));

    for my $rule ({ status => 500 }, { status => 429, headers => {
                      'Retry-After' => 7 } }, { close => 1 },
                  { body => 'no list', status => 200 }) {
        standin()->behave({ match => 'GET /rest/v1.0/companies', %$rule });
        my $page = $browser->open($nginx->url(CHOOSE));
        is($page->{status}, 503, 'try again');
        is($page->{header}{'procore-scope-reason'}, 'lookup_failed',
           'with the reason');
        ok($page->{header}{'retry-after'}, 'and the time');
    }
    standin()->behave;
    is($browser->open($nginx->url(CHOOSE))->{status}, 200, 'then it goes on');
};


subtest 'users with many companies, one, and none' => sub {
    my $browser = browser($nginx);
    opened($browser, link_for($nginx, token($nginx, user => 4)));
    is(scalar $browser->offered, 50, 'fifty on a page');

    my ($search) = grep { $_->{method} eq 'GET' } $browser->forms;
    ok($search, 'with a search field');
    my %field = @{ $search->{fields} };
    my $page = $browser->go(GET => $nginx->url(CHOOSE) . '?'
        . encode_form(%field, page => 5), site => 'same-origin');
    is($page->{status}, 200, 'the last page');
    is(scalar $browser->offered, 50, 'has the rest');

    opened($browser, link_for($nginx, token($nginx, user => 2)));
    is_deeply([$browser->offered], [$home], 'one company: a page all the same');

    $page = opened($browser, link_for($nginx, token($nginx, user => 3)));
    is($page->{header}{'procore-scope-reason'}, 'no_company', 'none');
    is(scalar $browser->forms, 0, 'nothing to send');
};


subtest 'the list of the client' => sub {
    my $id = $world->{clients}{crm}{id};
    my $own = gateway(server => "procore_scope_client $id \"name=The CRM\"
        company=$home company=$mine[2]; procore_scope_client * deny;");

    my $token = token($own);
    my $browser = browser($own);
    opened($browser, link_for($own, $token));
    is_deeply([sort $browser->offered], [sort $home, $mine[2]],
              'its companies alone');
    like($browser->{page}{body}, qr/The CRM/, 'the app by its name');
    is($browser->submit(company => $foreign, action => 'choose')->{status},
       400, 'no other one');

    my $answer = $own->request('POST', CHOOSE, token => $token, json => {
        company_id => 0 + $foreign });
    is($answer->{status}, 403, 'nor for the app');
    is($answer->{json}{reason}, 'company_not_allowed', 'for that reason');

    $token = token($own, client => 'reports');
    is(link_in(call($own, $token)), undef,
       'who may bind nothing gets no link');
};


subtest 'in monitor' => sub {
    my $own = gateway(mode => 'monitor');
    my $token = token($own);
    my $answer = call($own, $token);
    is($answer->{status}, 200, 'nothing is refused');

    $answer = $own->request('GET', CHOOSE, token => $token);
    is($answer->{status}, 200, 'the chooser works');
    is($own->request('POST', CHOOSE, token => $token, json => {
           company_id => 0 + $home })->{status}, 200, 'it binds');
    $answer = $own->request('POST', CHOOSE, token => $token, json => {
        company_id => 0 + $foreign });
    is($answer->{status}, 409, 'and refuses, for nobody else could answer');
};


subtest 'reload between the steps' => sub {
    my $token = token($nginx);
    my $browser = browser($nginx);
    my $link = link_for($nginx, $token);
    $nginx->reload;
    is(opened($browser, $link)->{status}, 200, 'after the link');
    $nginx->reload;
    is($browser->submit(company => $home, action => 'choose')->{status}, 200,
       'after the page');
};


done_testing();
