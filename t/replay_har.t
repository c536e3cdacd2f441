#!/usr/bin/perl

# procore-scope replay of HAR files, and of hostile files of any kind: bodies
# that are in the file are judged, headers that it leaves out are not guessed,
# and nothing crashes it or makes it large.

use Procore::Test;

use JSON::PP ();

use constant {
    OWN => 562949953421312,
    FOREIGN => 598134325779301,
    MEGABYTE => 1_048_576,
};

my $json = JSON::PP->new->canonical->utf8;
my $upstream = upstream();
my $nginx = nginx(api => $upstream->url, lookup => 0, bare => 1,
                  locations => 'location / { proxy_pass %%API%%; }');
my $token = 'har-crm-' . 'x' x 40;
remember($token);

$nginx->import_records(
    { access_token => $token, client => 'crm', company_id => OWN },
    { project_id => 1001, company_id => OWN },
    { project_id => 2002, company_id => FOREIGN });

my $conf = write_file('candidate.conf', "procore_scope enforce;\n");
my @json = (type => 'application/json');
my $base = "https://gw.example.com/rest/v1.0";

# Method, target, options of the request.
my @requests = (
    ['GET', '/projects/1001'],
    ['GET', '/x?project_id=2002'],
    ['GET', '/x', company => FOREIGN],
    ['GET', '/x', company => OWN],
    ['POST', '/x', @json, body => '{"project_id":1001}'],
    ['POST', '/x', @json, body => '{"project_id":2002}'],
    ['POST', '/x', @json, body => '{"company_id":"' . FOREIGN . '"}'],
    ['POST', '/x', @json,
        body => "{\"a\":\"\xc3\xa9\\u0000\",\"project_id\":2002}"],
    ['POST', '/x', @json, body => '{"a":'],
    ['POST', '/x', @json, body => '{"a":' . '[' x 100 . ']' x 100 . '}'],
    ['POST', '/x', type => 'application/xml', body => '<a/>'],
    ['POST', '/x', type => 'text/plain', body => 'project_id=2002'],
    ['POST', '/x', type => 'application/x-www-form-urlencoded',
        body => 'a[project_id]=2002'],
    ['POST', '/x', type => 'multipart/form-data; boundary=b', body =>
        "--b\r\nContent-Disposition: form-data; name=\"project_id\"\r\n\r\n"
        . "2002\r\n--b--\r\n"],
    ['POST', '/x', @json, headers => ['Content-Encoding', 'gzip'],
        body => '{"project_id":1001}'],
    ['POST', '/x', @json, chunked => 1, body => '{"project_id":2002}'],
);

# Every request is in the file as it was sent: each is decided.
my ($exit, $output) = replay(har(map { entry($_) } @requests));
my @told = map { $json->decode($_) } split /\n/, $output;
my $summary = pop @told;
my @wrong;

for my $i (0 .. $#requests) {
    my ($method, $target, %opt) = @{ $requests[$i] };
    my $reason = $nginx->request($method, "/rest/v1.0$target", token => $token,
                            %opt)->{header}{'procore-scope-reason'} // 'ok';
    my $to = $told[$i]{to}{reason} // "($told[$i]{undecidable})";

    push @wrong, "$method $target: $reason, not $to" if $to ne $reason;
}

is_deeply(\@wrong, [], 'what is predicted is what the gate does');
is(scalar @told, scalar @requests, 'every entry');
is($summary->{undecidable}, 0, 'nothing is left open');
is($exit, 1, 'something changes');

# What an export leaves out.
my %left = (
    token_unknown => sub { drop($_[0], 'Authorization') },
    'token_unknown ' => sub { value($_[0], 'Authorization', '[REDACTED]') },
    'token_unknown  ' => sub { value($_[0], 'Authorization', 'Bearer ***') },
    header_not_logged => sub { $_[0]{request}{headers} = [] },
    body_not_logged => sub { delete $_[0]{request}{postData} },
    body_changed => sub { $_[0]{request}{postData}{text} .= ' ' },
    'body_changed ' => sub { $_[0]{request}{postData}{encoding} = 'base64' },
    'body_not_logged ' => sub { delete $_[0]{request}{postData}{text} },
);

for my $why (sort keys %left) {
    my $entry = entry(['POST', '/x', @json, body => '{"project_id":1001}']);
    $left{$why}->($entry);
    my $want = $why =~ s/ +$//r;
    $want = 'token_unknown' if $want eq 'header_not_logged';
    is(one($entry)->{undecidable}, $want, "left out: $why");
}

my $entry = entry($requests[0]);
$entry->{request}{headers} = [];
is(one($entry, '--company', OWN)->{undecidable}, 'header_not_logged',
   'no headers at all');
$entry = entry(['POST', '/x?project_id=2002', @json, body => 'cut']);
delete $entry->{request}{postData};
is(one($entry)->{to}{reason}, 'foreign_project', 'the body need not be known');
$entry = entry(['POST', '/projects/sync', @json, body => '{']);
drop($entry, 'Authorization');
is(one($entry, '--company', OWN)->{to}{reason}, 'malformed_body',
   'a company that is supposed');

# Bodies that are none.
$entry = entry(['POST', '/x']);
$entry->{request}{bodySize} = 0;
is(one($entry)->{to}{reason}, 'ok', 'an empty body');
$entry = entry(['GET', '/x']);
$entry->{request}{bodySize} = -1;
is(one($entry)->{to}{reason}, 'ok', 'of HTTP/1.1, without a length');
$entry->{request}{httpVersion} = 'h2';
is(one($entry)->{undecidable}, 'body_not_logged', 'of HTTP/2, it may have one');

# What was decided then, and where.
$entry = entry($requests[1]);
push @{ $entry->{response}{headers} },
    { name => 'Procore-Scope-Reason', value => 'unbound' },
    { name => 'procore-scope-decision', value => 'the-id' };
my $told = one($entry);
is_deeply($told->{from}, { decision => 'deny', reason => 'unbound' }, 'then');
is($told->{id}, 'the-id', 'the id of the decision');
ok($told->{changed}, 'another reason is a change');

my $other = entry($requests[1]);
$other->{request}{url} =~ s/gw\.example/cdn.example/;
($exit, $output) = replay(har($other, $entry), '--host', 'gw.example.com');
$summary = $json->decode((split /\n/, $output)[-1]);
is($summary->{requests}, 1, 'one host alone');
is($summary->{passed_over_by}[0]{why}, 'other_host', 'not the other');

for my $url ('about:blank', '', 'https://gw.example.com', 'data:text/plain,x',
             '/rest/v1.0/../../../x', "/rest/v1.0/x%00", '%')
{
    $entry = entry($requests[0]);
    $entry->{request}{url} = $url;
    ($exit, $output) = replay(har($entry));
    like($output, qr/refused_by_nginx/, "never reaches the gate: $url");
}

# A byte order mark, a large answer that nobody asked for, a file in pieces.
$entry = entry($requests[0]);
$entry->{response}{content}{text} = 'x' x (3 * MEGABYTE);
$entry->{_initiator} = { stack => [([[1]]) x 10] };
my $text = har($entry, $entry);
($exit, $output) = replay("\xef\xbb\xbf$text");
is($exit, 0, 'nothing changes');
like($output, qr/"requests": 2,/, 'both entries');
($exit, $output) = replay(substr $text, 0, length($text) - 100);
is($exit, 3, 'a cut file');
like($output, qr/"requests": 1,.*"unreadable": 1,/s, 'what came before counts');

# Hostile files.
my $line = audit();
my %hostile = (
    'deep HAR' => '{"log":{"entries":' . '[' x 100_000,
    'deep objects' => '{"log":' x 100_000,
    'NUL bytes' => '{"log":{"entries":[{"request":{"method":"' . "\0" x 100,
    'no UTF-8' => "{\"log\":{\"entries\":[{\"request\":{\"url\":\"\xff\xfe\"",
    'a half of a surrogate' => '{"log":{"entries":["\ud800"]}}',
    'a long name' => '{"log":{"' . 'a' x MEGABYTE . '":1',
    'a long number' => '{"log":{"entries":[{"request":{"bodySize":'
        . '9' x MEGABYTE . '}}',
    'an endless URL' => '{"log":{"entries":[{"request":{"url":"'
        . 'x' x (2 * MEGABYTE),
    'a cut record' => substr($line, 0, 300),
    'another object' => "{\"a\":1,\"\@timestamp\":2}\n",
    'records in a row' => "$line$line\n",
    'a long record' => '{"@timestamp":"' . 'x' x (2 * MEGABYTE) . "\"}\n",
    'a NUL in a record' => "{\"\@timestamp\":\"\0\"}\n",
    'a reason of nobody' => audit(reason => 'because') . "\n",
    'too many claims' => audit(claims => [map {
        { in => 'query', name => 'a', kind => 'project', value => '1',
          verdict => 'own' } } 1 .. 17]) . "\n",
    'a claim of nothing' => audit(claims => [{}]) . "\n",
    'a company that is none' => audit(company => 'x') . "\n",
);

for my $name (sort keys %hostile) {
    ($exit, $output) = replay($hostile{$name});
    is($exit, 3, "hostile: $name");
    like($output, qr/"unreadable": 1,/, 'told once');
}

($exit, $output) = replay(join "\n", $line, substr($line, 0, 100), $line, '');
is($exit, 3, 'one line of three is cut');
like($output, qr/"requests": 2,/, 'the others count');

# Records of other things than requests, and options.
($exit, $output) = replay(audit(action => 'bind') . "\n" . $line);
like($output, qr/"why": "other_action".*"count": 1,/, 'a binding is none');

($exit, $output) = $nginx->tool('replay', '', '--changed', '--conf', $conf,
    write_file('two', join "\n", $line, audit(decision => 'would_deny',
                                             reason => 'unbound')));
is($exit, 1, 'one of two changes');
like($output, qr/\A\S+:2 id: would_deny unbound -> allow ok$/m, 'its line');
unlike($output, qr/^\S+:1 id/m, 'and no other');

for my $arguments (['--conf', $conf], ['--conf', '/nowhere', '-'],
                   ['--conf', write_file('off.conf', "procore_scope off;\n"),
                    '-'], ['--conf', $conf, '--company', '0', '-'],
                   ['--conf', $conf, '--was', write_file('bad.conf',
                    "worker_processes 1;\n"), '-'], ['-'],
                   ['--conf', $conf, '/nowhere'], ['--dance'])
{
    ($exit, $output) = $nginx->tool('replay', '', @$arguments);
    is($exit, 2, "usage: @$arguments");
    like($output, qr/^procore-scope: /m, 'and says why');
}

done_testing;


sub write_file {
    my ($name, $text) = @_;

    my $path = $nginx->dir . "/$name";
    open my $out, '>:raw', $path or die "$path: $!";
    print $out $text;
    close $out or die $!;
    chmod 0644, $path;
    return $path;
}


sub replay {
    my ($text, @arguments) = @_;

    return $nginx->tool('replay', '', '--json', '--each', '--conf', $conf,
                        @arguments, write_file('input', $text), '2>/dev/null');
}


sub har {
    return $json->encode({ log => { version => '1.2', creator => {},
                                    pages => [], entries => [@_] } });
}


# An entry as a browser writes it that hides nothing.
sub entry {
    my ($method, $target, %opt) = @{ $_[0] };

    my @headers = (['Authorization', "Bearer $token"], ['Accept', '*/*']);
    my %more = @{ $opt{headers} || [] };
    push @headers, map { [$_, $more{$_}] } keys %more;
    push @headers, ['Procore-Company-Id', $opt{company}] if $opt{company};
    push @headers, ['content-type', $opt{type}] if $opt{type};
    push @headers, $opt{chunked} ? ['Transfer-Encoding', 'chunked']
        : ['Content-Length', length $opt{body}] if defined $opt{body};

    my %request = (
        method => $method, url => "$base$target", httpVersion => 'HTTP/1.1',
        headers => [map { { name => $_->[0], value => "$_->[1]" } } @headers],
        cookies => [], queryString => [],
        bodySize => defined $opt{body} ? length $opt{body} : 0);

    if (defined $opt{body}) {
        utf8::decode(my $text = $opt{body});
        $request{postData} = { mimeType => $opt{type}, text => $text };
    }

    return { startedDateTime => '2026-11-28T10:00:00.000+01:00', time => 1,
             request => \%request, response => { status => 200, headers => [],
             content => { size => 0 } } };
}


sub one {
    my ($entry, @arguments) = @_;

    my (undef, $output) = replay(har($entry), @arguments);
    return $json->decode((split /\n/, $output)[0]);
}


sub drop {
    my ($entry, $name) = @_;

    @{ $entry->{request}{headers} } =
        grep { $_->{name} ne $name } @{ $entry->{request}{headers} };
    return;
}


sub value {
    my ($entry, $name, $value) = @_;

    $_->{value} = $value
        for grep { $_->{name} eq $name } @{ $entry->{request}{headers} };
    return;
}


# A record, with members of its own.
sub audit {
    my (%opt) = @_;

    my $action = delete $opt{action} // 'request';
    return $json->encode({ '@timestamp' => '2026-11-28T10:00:00.000Z',
        event => { id => 'id', action => $action },
        http => { request => { method => 'GET' } },
        url => { path => '/rest/v1.0/me' },
        procore_scope => { mode => 'enforce', decision => 'allow',
            reason => 'ok', company => OWN, client => undef,
            token => '0011223344556677', unread => [], claims => [],
            unlisted_names => [], %opt } });
}
