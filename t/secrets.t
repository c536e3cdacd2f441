#!/usr/bin/perl

# No token, code or secret in any log, wherever a client puts it and whatever
# fails: each is searched for in every file that nginx wrote.

use Procore::Test;

use constant OWN => 562949953421312;

my $dead = '127.0.0.1:' . free_port();

for my $mode ('enforce', 'monitor') {
    my $nginx = nginx(
        mode => $mode, api => "http://$dead", login => "http://$dead",
        http => <<'EOT',
            log_format all '$remote_addr "$request" $status "$request_uri" '
                '"$args" "$query_string" "$uri" "$arg_access_token" '
                '"$upstream_addr" "$procore_scope_claim"';
            limit_req_zone $binary_remote_addr zone=one:1m rate=1r/m;
EOT
        server => <<'EOT',
            access_log %%DIR%%/logs/all.log all;
            if ($request_uri ~ never) { return 404; }
            set $early $request_uri;
EOT
        locations => <<'EOT',
            location /rest/limited/ { limit_req zone=one; proxy_pass %%API%%; }
            location /rest/closed/ { deny all; proxy_pass %%API%%; }
EOT
        expect => [qr/connect\(\) failed/],
    );
    my $number = 0;
    my $secret = sub {
        my $text = "$mode-secret-" . $number++ . '-' . 'q' x 40;
        remember($text);
        return $text;
    };

    for my $path ('/rest/v1.0/me', '/rest/limited/x', '/rest/limited/x',
                  '/rest/closed/x', '/nowhere')
    {
        $nginx->request('GET', "$path?a=b&access_token=" . $secret->());
        $nginx->request('GET', "$path?%62earer_token=" . $secret->(),
                        token => $secret->());
        my $token = $secret->();
        $nginx->request('GET', "$path?whatever=$token", token => $token);
        $nginx->request('POST', $path, token => $secret->(), json => {
            access_token => $secret->(), company_id => OWN });
    }

    for my $path ('/oauth/token', '/oauth/revoke', '/oauth/token.json') {
        my @fields = (grant_type => 'refresh_token', client_id => 'crm',
                      company_id => OWN);
        my @secrets = map { ($_ => $secret->()) }
            qw(client_secret refresh_token code token);
        my $query = encode_form(@fields, @secrets);

        $nginx->request('POST', "$path?$query");
        $nginx->request('POST', "$path?$query", form => [@fields]);
        $nginx->request('POST', "$path?$query", json => {});
        $nginx->request('POST', $path, form => [@fields, @secrets]);
        $nginx->request('POST', $path, json => { @fields, @secrets });
        $nginx->request('POST', $path,
                        basic => ['crm', $secret->()], form => [@fields]);
    }

    $nginx->request('GET', '/oauth/token/info?access_token=' . $secret->());
    $nginx->request('GET', '/oauth/token/info', token => $secret->());
    $nginx->request('GET', '/oauth/authorize?response_type=code&state='
                    . $secret->() . '&code_challenge=' . $secret->());

    my $log = $nginx->error_log;
    like($log, qr/connect\(\) failed.*upstream: /, "$mode: upstreams failed");
    like($log, qr/limiting requests/, "$mode: a limit wrote its line");
    like($log, qr/access forbidden by rule/, "$mode: a rule wrote its line");
    cmp_ok($number, '>', 40, "$mode: many secrets were sent");
}

done_testing;
