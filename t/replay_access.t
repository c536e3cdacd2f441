#!/usr/bin/perl

# procore-scope replay of access logs: combined, and formats of one's own. What
# is predicted is what the gateway does; what a line does not tell is said, and
# a line that can be read in two ways is not read at all.

use Procore::Test;

use JSON::PP ();

use constant {
    OWN => 562949953421312,
    FOREIGN => 598134325779301,
    MEGABYTE => 1_048_576,
};

my $json = JSON::PP->new->canonical->utf8;
my $format = '$request_id [$time_iso8601] "$request" $status '
    . '"$http_procore_company_id" "$content_length" "$http_transfer_encoding" '
    . '"$http_content_type" "$http_content_encoding" "$procore_scope_token" '
    . '"$procore_scope_company" "$procore_scope_client" '
    . '"$procore_scope_decision" "$procore_scope_reason" "$http_user_agent"';
my $members = join ',', map { "\"$_\":\"\$$_\"" } qw(request_id request_method
    request_uri server_protocol http_procore_company_id content_length
    http_transfer_encoding http_content_type http_content_encoding
    procore_scope_token procore_scope_company http_user_agent);
my $upstream = upstream();
my %gateway = (
    http => "log_format mine '$format';\n"
        . "log_format object escape=json '{$members}';\n",
    server => "add_header X-Request-Id \$request_id always;\n"
        . join '', map { "access_log %%DIR%%/logs/$_.log $_;\n" }
        qw(combined mine object));
my $nginx = nginx(api => $upstream->url, lookup => 0, mode => 'monitor',
                  bare => 1, locations => location(''), %gateway);
my %token = map { $_ => "access-$_-" . 'x' x 40 } qw(crm other);
remember(values %token);

$nginx->import_records(
    { access_token => $token{crm}, client => 'crm', company_id => OWN },
    { project_id => 1001, company_id => OWN },
    { project_id => 2002, company_id => FOREIGN });

my @requests = (
    ['GET', '/rest/v1.0/projects/1001'],
    ['GET', '/rest/v1.0/projects/2002'],
    ['GET', '/rest/v1.0/x?project_id=2002'],
    ['GET', '/rest/v1.0/x?a%5Bproject_id%5D=2002'],
    ['GET', '/rest/v1.0/x?project_id=3003'],
    ['GET', '/rest/v1.0/x?a=%zz'],
    ['GET', '/rest/v1.0/x?q=%22%5C' . '"' . '&company_id=' . FOREIGN],
    ['GET', '/rest/v1.0/x/../y'],
    ['GET', '/elsewhere'],
    ['GET', '/rest/v1.0/x', company => FOREIGN],
    ['GET', '/rest/v1.0/x', company => '12abc'],
    ['GET', '/rest/v1.0/x', company => '1, 2'],
    ['GET', '/rest/v1.0/x', company => OWN, headers => ['User-Agent',
        '" "/rest/v1.0/x?company_id=1" \\ \x22']],
    ['GET', '/rest/v1.0/x?access_token=secret'],
    ['GET', '/rest/v1.0/x?any=' . $token{crm}],
    ['POST', '/rest/v1.0/x?project_id=2002', json => { a => 1 }],
    ['POST', '/rest/v1.0/x?project_id=1001', json => { project_id => 2002 }],
    ['POST', '/rest/v1.0/x', body => 'x', type => 'text/plain'],
    ['POST', '/rest/v1.0/x', body => 'x', type => 'application/xml'],
    ['POST', '/rest/v1.0/x', chunked => 1, json => { project_id => 2002 }],
    ['GET', '/rest/v1.0/me', token => 'other'],
    ['GET', '/rest/v1.0/x', token => 'other'],
    ['GET', '/rest/v1.0/x', token => undef],
    ['OPTIONS', '/rest/v1.0/x', token => undef,
        headers => ['Origin', 'https://a.example',
                    'Access-Control-Request-Method', 'GET']],
);

traffic();
my %log = map { $_ => kept($_) } qw(combined mine object);

my $candidate = write_file('candidate.conf', "procore_scope enforce;\n"
    . "procore_scope_exception @{[ FOREIGN ]} client=crm;\n");
my $plain = write_file('plain.conf', "procore_scope enforce;\n");
my %predicted = (
    mine => [predict('--conf', $plain, '--format', "'$format'", $log{mine})],
    object => [predict('--conf', $plain, '--format',
                       "'escape=json {$members}'", $log{object})],
    combined => [predict('--conf', $plain, $log{combined})],
    supposed => [predict('--conf', $plain, '--company', OWN,
                         $log{combined})]);

$nginx->reload(mode => 'enforce', locations => location(''), %gateway);
my @answers = traffic();

my %open = (
    mine => { body_not_logged => 2, query_hidden => 2, header_not_logged => 1 },
    object => { body_not_logged => 2, query_hidden => 2,
                header_not_logged => 2 },
);

for my $input (qw(mine object combined supposed)) {
    my @told = @{ $predicted{$input} };
    my $summary = pop @told;
    my @wrong;

    is(scalar @told, scalar @requests, "$input: every line");

    for my $i (0 .. $#told) {
        my $to = $told[$i]{to} or next;
        my $reason = $answers[$i]{header}{'procore-scope-reason'} // '';
        my $denied = $reason ? 'deny' : 'allow';

        push @wrong, "$requests[$i][1]: $denied $reason, not "
            . "$to->{decision} $to->{reason}"
            if $to->{decision} ne $denied || ($reason
                && $told[$i]{reason_certain} && $to->{reason} ne $reason);
    }

    is_deeply(\@wrong, [], "$input: what is predicted comes");

    my %why = map { $_->{why} => $_->{count} } @{ $summary->{undecidable_by} };
    is_deeply(\%why, $open{$input}, "$input: what is not told")
        if $open{$input};
    is($summary->{changed}, scalar(grep { $_->{changed} } @told),
       "$input: changed");
}

my @told = @{ $predicted{combined} };
is($told[8]{to}{reason}, 'unlisted_path', 'combined: a path that never passes');
ok(!$told[8]{reason_certain}, 'but the token may be refused before');
is($told[0]{undecidable}, 'token_unknown', 'whose token, it does not tell');
@told = @{ $predicted{supposed} };
is($told[1]{to}{reason}, 'foreign_project', 'a company that is supposed');
is($told[0]{undecidable}, 'header_not_logged', 'the header is not in it');
is($told[0]{from}, undef, 'nothing was decided then');

# Exceptions for one app: the app has to be known.
my @excepted = predict('--conf', $candidate, '--format', "'$format'",
                       $log{mine});
is($excepted[6]{to}{reason}, 'exception', 'the app is in the log');
@excepted = predict('--conf', $candidate, '--company', OWN, $log{combined});
is($excepted[6]{undecidable}, 'client_unknown', 'or it is not');

# What is no line of the format, or two lines at once.
my $line = '127.0.0.1 - - [28/Nov/2026:10:00:00 +0000] '
    . '"GET /elsewhere HTTP/1.1" 200 5 "-" "curl"';
my @hostile = (
    [$line, 0], ['', 0], ["$line\r", 0],
    ['127.0.0.1 - x [y] - [28/Nov/2026:10:00:00 +0000] '
        . '"GET / HTTP/1.1" 200 5 "-" "-"', 1],
    [substr($line, 0, 40), 1], ['x' x 100, 1], ["\0" x 10, 1],
    [$line . 'x' x MEGABYTE, 1], ['"' x MEGABYTE, 1], [' ' x MEGABYTE, 1],
    ['127.0.0.1 - - [28/Nov/2026:10:00:00 +0000] "\xZZ" 400 5 "-" "-"', 1],
    ['127.0.0.1 - - [28/Nov/2026:10:00:00 +0000] "\x16\x03" 400 5 "-" "-"', 0],
    [$line, 0]);
my ($exit, $output) = $nginx->tool('replay', '', '--json', '--access', '--conf',
    $plain, write_file('hostile.log', map { "$_->[0]\n" } @hostile));
my $summary = $json->decode($output);
is($exit, 3, 'some lines cannot be read: exit code');
is($summary->{requests}, 3, 'all others are');
is($summary->{unreadable}, scalar(grep { $_->[1] } @hostile), 'so many cannot');
is_deeply([map { $_->{line} } @{ $summary->{unreadable_lines} }],
          [map { $_ + 1 } grep { $hostile[$_][1] } 0 .. $#hostile], 'these');
is_deeply([map { $_->{why} } @{ $summary->{passed_over_by} }],
          ['refused_by_nginx'], 'bytes that are no request');

for my $wrong ('$status', '$request$status', '$request $procore_scope_tokens$a',
               'escape=html $request', join ' ', ('$request') x 65)
{
    ($exit, $output) = $nginx->tool('replay', '', '--format', "'$wrong'",
                                    '--conf', $plain, $log{mine});
    is($exit, 2, 'wrong: ' . substr $wrong, 0, 40);
    like($output, qr/^procore-scope: .*format/, 'and says why');
}

# From a pipe, as zcat gives it.
($exit, $output) = $nginx->tool('replay', "$line\n" x 5000, '--conf', $plain,
                                '-');
is($exit, 1, 'standard input: something changes');
like($output, qr/\A\S+ against \S+: 5000 requests\n +5000  change\n/, 'all');
like($output, qr/^ +5000  not judged -> deny unlisted_path \*$/m, 'from, to');

done_testing;


sub location {
    my ($directives) = @_;

    return "location / { $directives proxy_pass %%API%%; }\n";
}


sub traffic {
    my @answers;

    for (@requests) {
        my ($method, $target, %opt) = @$_;

        my $name = exists $opt{token} ? delete $opt{token} : 'crm';
        push @answers, $nginx->request($method, $target, %opt,
            $name ? (token => $token{$name}) : ());
    }

    return @answers;
}


# A log with a line for each request, set aside.
sub kept {
    my ($name) = @_;

    my $text;
    wait_for(10, sub {
        open my $in, '<', $nginx->dir . "/logs/$name.log" or die $!;
        local $/;
        $text = <$in>;
        return ($text =~ tr/\n//) == @requests;
    });

    return write_file("$name.kept", $text);
}


sub write_file {
    my ($name, @text) = @_;

    my $path = $nginx->dir . "/$name";
    open my $out, '>', $path or die "$path: $!";
    print $out @text;
    close $out or die $!;
    chmod 0644, $path;
    return $path;
}


# What is told of each request; the summary is the last.
sub predict {
    my (@arguments) = @_;

    my (undef, $output) = $nginx->tool('replay', '', '--json', '--each',
                                       @arguments);
    return map { $json->decode($_) } split /\n/, $output;
}
