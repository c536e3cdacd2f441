#!/usr/bin/perl

# proxy_cache: no company's answers reach another one's tokens.

use Procore::Test;

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my $projects = '/rest/v1.0/projects';
my $companies = '/rest/v1.0/companies';
my $warning = qr/cache key of .* tells neither company nor token/;
my $right = '"$proxy_host$request_uri $procore_scope_company'
    . ' $procore_scope_token"';

my $standin = standin();


sub caching {
    my ($key, %opt) = @_;

    return nginx(http => 'proxy_cache_path %%DIR%%/temp/cache keys_zone=c:1m;',
        location => "proxy_cache c; proxy_cache_key $key;"
            . ' proxy_cache_valid 200 1m;'
            . ' proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;'
            . ' add_header X-Cache $upstream_cache_status;',
        %opt);
}


# Status, whether it came from the cache, and the ids of a list.
sub seen {
    my ($nginx, $token, $path) = @_;

    my $answer = $nginx->request('GET', $path, token => $token);
    return join ' ', $answer->{status}, $answer->{header}{'x-cache'} // '-',
        map { $_->{id} } ref $answer->{json} eq 'ARRAY' ? @{ $answer->{json} }
                                                        : ();
}


sub tokens {
    my ($nginx) = @_;

    return map {
        bind_token($nginx, company => $_, user => 6)->{access_token}
    } $home, $foreign;
}


subtest 'a key with company and token' => sub {
    my $nginx = caching($right);
    my ($own, $other) = tokens($nginx);
    like(seen($nginx, $own, $projects), qr/^200 MISS 1001 /, 'is asked for');
    like(seen($nginx, $own, $projects), qr/^200 HIT 1001 /, 'is kept');
    like(seen($nginx, $other, $projects), qr/^200 MISS 2001 /,
         'for its own company alone');

    is(seen($nginx, $own, $companies), "200 MISS $home", 'List Companies');
    is(seen($nginx, $own, $companies), "200 HIT $home", 'filtered again');
    is_deeply([$nginx->error_lines($warning)], [], 'nothing to warn of');
};


subtest 'a key with a company, or a token as it was sent' => sub {
    for my $key ('$request_uri/$procore_scope_company',
                 '$request_uri/$http_authorization') {
        my $nginx = caching($key, secrets => 0);
        my ($own) = tokens($nginx);
        seen($nginx, $own, $projects);
        like(seen($nginx, $own, $projects), qr/^200 HIT 1001 /, $key);
        is_deeply([$nginx->error_lines($warning)], [], 'no warning');
    }
};


subtest 'a key with neither' => sub {
    my $nginx = caching('$request_uri');
    my ($own, $other) = tokens($nginx);
    like(seen($nginx, $own, $projects), qr/^200 MISS 1001 /, 'one company');
    like(seen($nginx, $other, $projects), qr/^200 MISS 2001 /,
         'gets nothing of another one');
    like(seen($nginx, $own, $projects), qr/^200 MISS 1001 /, 'nothing is kept');
    is(scalar(my @lines = $nginx->error_lines($warning)), 1, 'one warning');

    like(seen($nginx, $own, "$projects?company_id=$home"), qr/^200 MISS /,
         'a URI that names the company');
    like(seen($nginx, $own, "$projects?company_id=$home"), qr/^200 HIT /,
         'tells it');
    like(seen($nginx, $own, "$projects?x=9$home"), qr/^200 MISS /,
         'a longer number');
    like(seen($nginx, $own, "$projects?x=9$home"), qr/^200 MISS /,
         'does not');
};


subtest 'nginx -t tells of a key that all companies share' => sub {
    my $zone = 'proxy_cache_path %%DIR%%/temp/cache keys_zone=c:1m;';
    my $told = qr/\[warn\].*"proxy_cache c" tells neither.*nginx\.conf:\d+/;
    my $map = 'map $uri $from_a_map { default x; }';
    my $tested = sub {
        my (%opt) = @_;
        my ($exit, $output) = config_test(%opt, http => $zone
                                              . ($opt{http} // ''));
        is($exit, 0, 'it may be used');
        return scalar(() = $output =~ /$told/g);
    };

    for my $case (['$request_uri'], ['$scheme$proxy_host${uri}$is_args$args'],
                  ['constant'], ['$HOST$request_uri'])
    {
        my ($key) = @$case;
        is($tested->(location => "proxy_cache c; proxy_cache_key $key;"), 1,
           $key);
    }
    is($tested->(location => 'proxy_cache c;'), 1, q{nginx's own key});
    is($tested->(http => 'proxy_cache c; proxy_cache_key $request_uri;'), 1,
       'inherited, said once');
    is($tested->(http => 'proxy_cache c; proxy_cache_key $request_uri;',
                 mode => 'monitor'), 1, 'in monitor');

    is($tested->(location => "proxy_cache c; proxy_cache_key $_;",
                 http => $map), 0, $_)
        for $right, '$request_uri$http_authorization',
            '$request_uri${procore_scope_token}', '$request_uri$from_a_map';
    is($tested->(http => 'proxy_cache c; proxy_cache_key $request_uri;',
                 location => "proxy_cache_key $right;",
                 oauth => 'proxy_cache off;',
                 lookup_location => 'proxy_cache off;'), 0,
       'a right one in the location that has a cache');
    is($tested->(http => 'proxy_cache c;', mode => 'off'), 0, 'not our place');
};


subtest 'monitor warns and changes nothing' => sub {
    my $nginx = caching('$request_uri', mode => 'monitor');
    my ($own, $other) = tokens($nginx);
    seen($nginx, $own, $companies);
    like(seen($nginx, $other, $companies), qr/^200 HIT $home /, 'a hit');
    is(scalar(my @lines = $nginx->error_lines($warning)), 1, 'one warning');
};


subtest 'a kept List Companies is filtered for whoever gets it' => sub {
    my $nginx = caching("same/$home");
    my ($own, $other) = tokens($nginx);
    is(seen($nginx, $own, $companies), "200 MISS $home", 'the first');
    is(seen($nginx, $other, $companies), "200 HIT $foreign", 'the second');

    my $far = bind_token($nginx, company => 7000230, user => 4);
    $standin->reset;
    is(seen($nginx, $far->{access_token}, $companies), '200 HIT 7000230',
       'whose company is not on that page');
    is(scalar($standin->requests), 3, 'is looked for at Procore');
};


subtest 'a kept answer binds nothing' => sub {
    my $nginx = caching("\$uri/$home",
        server => 'procore_scope_bind token_request first_use;');
    my ($prime, $late) = map {
        bind_token($nginx, user => 6)->{access_token}
    } 1, 2;
    like(seen($nginx, $prime, "$projects?company_id=$home"), qr/^200 MISS /,
         'asked for');
    like(seen($nginx, $late, "$projects?company_id=$home"), qr/^200 HIT /,
         'kept');

    my $path = "/rest/v1.0/companies/$foreign/users";
    like(seen($nginx, $prime, $path), qr/^403 /, 'the first token is bound');
    ok(wait_for(10, sub { seen($nginx, $late, $path) =~ /^200 / }),
       'the second one is not');
};


done_testing();
