#!/usr/bin/perl

# Bulk import and export: taken whole or not at all, in bounded memory, and from
# one gateway to another.

use JSON::PP ();
use List::Util qw(sum);

use Procore::Test;

use constant MANY => 20_000;

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my $admin = 'location /admin/ { procore_scope_admin; }';

my $nginx = nginx(locations => $admin, workers => 2);


sub import_lines {
    my ($to, $body, %opt) = @_;

    return $to->request('POST', '/admin/bindings/import', body => $body,
        headers => ['Content-Type', $opt{type} // 'application/x-ndjson'],
        map { exists $opt{$_} ? ($_ => $opt{$_}) : () } qw(chunked pieces));
}


sub export_lines {
    my ($from, $what) = @_;

    return $from->request('GET', "/admin/$what/export");
}


sub told {
    my ($answer) = @_;

    return join ' ', $answer->{status},
        ref $answer->{json} ? $answer->{json}{reason} // () : ();
}


sub shown {
    my ($to, $token) = @_;

    my $answer = $to->request('POST', '/admin/bindings/show',
        headers => ['Content-Type', 'application/json'],
        body => qq({"access_token":"$token"}));
    my $binding = $answer->{json}{binding} or return $answer->{status};
    return join ' ', $binding->{state}, $binding->{company_id} // ();
}


# Kilobytes of all workers.
sub memory {
    my ($to) = @_;

    return sum map {
        open(my $in, '<', "/proc/$_/status") or die;
        (join('', <$in>) =~ /^VmRSS:\s+(\d+)/m)[0];
    } @{ $to->pids->{workers} };
}


sub audited {
    my ($to) = @_;

    my $record = $to->next_audit;
    return join ' ', $record->{event}{action},
        @{ $record->{procore_scope} }{qw(decision reason)},
        $record->{procore_scope}{changed} // ();
}


subtest 'lines of the operator' => sub {
    my $answer = import_lines($nginx, join '',
        qq({"access_token":"a1","refresh_token":"r1","company_id":$home}\n),
        "\n", qq({"access_token":"a2","company_id":"$foreign"}\r\n),
        qq({"project_id":77,"company_id":$home}));
    is($answer->{status}, 200, 'imported');
    is_deeply($answer->{json}, { tokens => 3, projects => 1, clients => 0 },
              'and counted');
    is(audited($nginx), 'admin_import allow ok 3', 'on record');
    is(shown($nginx, 'a1'), "bound $home", 'a token');
    is(shown($nginx, 'a2'), "bound $foreign", 'another');

    is(import_lines($nginx, '')->{status}, 200, 'nothing is an import, too');
    is(import_lines($nginx, qq({"access_token":"a1","company_id":$home}\n),
                    type => "application/$_")->{status}, 200, $_)
        for qw(json jsonl);
};

subtest 'whole or not at all' => sub {
    my $good = qq({"access_token":"good","company_id":$home}\n);

    for (['{"access_token":"x"}', '400 malformed_body', 'company_id'],
         ['[', '400 malformed_body', 'not a JSON object'],
         ['{"access_token":"good","company_id":5}', '409 rebind', 'line 1'],
         [qq({"access_token":"a1","company_id":$foreign}), '409 rebind',
          "company $home already"],
         ['{"project_id":77,"company_id":5}', '409 rebind', 'already'],
         ['{"token":"0011223344556677","company_id":5}',
          '400 malformed_body', 'alone'],
         ['{"project_id":1,"company_id":5,"realm":"00000000"}',
          '400 malformed_body', 'another realm'],
         ['x' x 70_000, '400 malformed_body', 'longer'])
    {
        my ($line, $wanted, $why) = @$_;
        $nginx->skip_audit;
        my $answer = import_lines($nginx, $good . "$line\n$good");
        is(told($answer), $wanted, substr $line, 0, 50);
        like($answer->{json}{message}, qr/^line 2: .*\Q$why\E/, "why: $why");
        like(audited($nginx), qr/^admin_refused deny/, 'on record');
    }

    is(shown($nginx, 'good'), 404, 'nothing of those was taken');
};

subtest 'as it comes' => sub {
    my $text = join '', map {
        qq({"access_token":"piece$_","company_id":$home}\n) } 1 .. 50;
    my @pieces = $text =~ /.{1,37}/sg;

    is(import_lines($nginx, undef, pieces => \@pieces)->{json}{tokens}, 50,
       'in pieces');
    is(import_lines($nginx, undef, chunked => 1, pieces => \@pieces)
       ->{json}{tokens}, 50, 'in chunks');
    is(shown($nginx, 'piece50'), "bound $home", 'the last');
    is_deeply([grep { -f } glob $nginx->dir . '/temp/body/*'], [],
              'and no file');
};

subtest 'many' => sub {
    my $before = memory($nginx);
    my $text = join '', map { sprintf
        qq({"access_token":"many%d","client":"crm","company_id":%d}\n),
        $_, $_ % 9 + 1 } 1 .. MANY;

    my $answer = import_lines($nginx, $text);
    is($answer->{json}{tokens}, MANY, 'imported');
    is(shown($nginx, 'many' . MANY), 'bound ' . (MANY % 9 + 1), 'the last');
    my $grown = memory($nginx) - $before;

    SKIP: {
        skip('a sanitizer keeps what is freed', 1) if $ENV{ASAN_OPTIONS};
        cmp_ok($grown, '<', 40_000, "in bounded memory ($grown KB)");
    }

    my $lines = export_lines($nginx, 'bindings')->{body};
    cmp_ok(scalar(() = $lines =~ /\n/g), '>=', MANY, 'exported');

    my ($seen, $next) = (0, '');
    while (defined $next) {
        my $page = $nginx->request('GET', '/admin/bindings?limit=1000&company=3'
                                   . "&cursor=$next")->{json};
        $seen += @{ $page->{bindings} };
        $next = $page->{next};
    }
    is($seen, int((MANY - 2) / 9) + 1, 'listed by company, each once');
};

subtest 'too many' => sub {
    my $text = qq({"project_id":1,"company_id":$home}\n) x 100_001;
    my $answer = import_lines($nginx, $text);
    is(told($answer), '413 body_too_large', 'is refused');
    like($answer->{json}{message}, qr/100000 is the most/, 'says how many');
};

subtest 'to another gateway' => sub {
    my $token = bind_token($nginx, company => $home);
    my $gone = bind_token($nginx, company => $home);
    is(revoke($nginx, $gone->{access_token})->{status}, 200, 'one has ended');
    $nginx->request('POST', '/admin/clients/other/pause',
                    headers => ['Content-Type', 'application/json']);

    $nginx->skip_audit;
    my $answer = export_lines($nginx, 'bindings');
    is($answer->{status}, 200, 'exported');
    is($answer->{header}{'content-type'}, 'application/x-ndjson', 'as lines');
    is($answer->{header}{'cache-control'}, 'no-store', 'not to be kept');
    is(audited($nginx), 'admin_export allow ok', 'on record');
    is(index($answer->{body}, $_), -1, 'without tokens')
        for $token->{access_token}, $token->{refresh_token};

    my $projects = export_lines($nginx, 'projects');
    like($projects->{body}, qr/"project_id":77,/, 'projects, too');

    my $there = nginx(locations => $admin);
    is(import_lines($there, $answer->{body})->{status}, 200, 'imported');
    is(import_lines($there, $projects->{body})->{status}, 200, 'both');
    is(import_lines($there, $answer->{body})->{status}, 200, 'and again');

    is(shown($there, $token->{access_token}), "bound $home", 'a binding');
    like(shown($there, $gone->{access_token}), qr/^withdrawn/, 'an end');
    is(shown($there, 'many5'), 'bound 6', 'what was imported');
    is($there->request('GET', '/admin/projects/77')->{json}{company_id}, $home,
       'a project');

    my $asked = $there->request('GET', "/rest/v1.0/companies/$home/users",
        token => $token->{access_token}, company => $home);
    is($asked->{status}, 200, 'the token works there');

    my @clients = @{ $there->request('GET', '/admin/clients')
                     ->{json}{clients} };
    is(scalar(grep { ($_->{client} // '') eq 'other' && $_->{paused} }
              @clients), 1, 'and a pause');

    my %here = map { $_ => 1 } split /\n/, $answer->{body};
    my @there = split /\n/, export_lines($there, 'bindings')->{body};
    my @differ = grep { !$here{$_} } @there;
    is_deeply([scalar @there, @differ[0 .. ($#differ < 2 ? $#differ : 2)]],
              [scalar keys %here], 'the same is exported there');

    my $one = $nginx->request('GET',
        "/admin/bindings/export?company=$home&state=bound")->{body};
    my @others = grep { !/"company_id":$home,/ } split /\n/, $one;
    is_deeply([length $one > 0, @others[0 .. ($#others < 2 ? $#others : 2)]],
              [1], 'one company alone');

    my $sandbox = nginx(locations => $admin,
                        server => 'procore_scope_realm sandbox;');
    my $refused = import_lines($sandbox, $answer->{body});
    is(told($refused), '400 malformed_body', 'another realm takes nothing');
    is(shown($sandbox, 'many5'), 404, 'at all');
};

subtest 'over HTTP/2' => sub {
    my $h2 = nginx(locations => $admin, h2 => 1);
    my $text = join '', map {
        qq({"access_token":"two$_","company_id":$home}\n) } 1 .. 5000;
    my @type = (headers => ['Content-Type', 'application/jsonl']);

    is($h2->h2('POST', '/admin/bindings/import', @type, body => $text)
       ->{json}{tokens}, 5000, 'imported');
    is(scalar(() = $h2->h2('GET', '/admin/bindings/export')->{body} =~ /\n/g),
       5000, 'exported');
    is(told($h2->h2('POST', '/admin/bindings/import', @type,
                    body => "$text\[")), '400 malformed_body', 'refused');
    is($h2->h2('GET', '/admin/bindings?limit=1')->{status}, 200, 'and well');
};

subtest 'whoever leaves' => sub {
    my $text = join '', map {
        qq({"access_token":"left$_","company_id":$home}\n) } 1 .. 3000;

    for my $sent (1000, length($text) - 1, length $text) {
        my $leaver = $nginx->connect;
        $leaver->send("POST /admin/bindings/import HTTP/1.1\r\nHost: localhost\r\n"
            . "Content-Type: application/json\r\nContent-Length: "
            . length($text) . "\r\n\r\n" . substr $text, 0, $sent);
        $leaver->close;
        is($nginx->request('GET', '/admin/bindings?limit=1')->{status}, 200,
           "after $sent bytes: no harm");
    }

    ok(wait_for(5, sub {
        shown($nginx, 'left1') eq shown($nginx, 'left3000') }),
       'it is written whole or not at all');
};

subtest 'a slow reader' => sub {
    my $connection = $nginx->connect;
    $connection->send("GET /admin/bindings/export HTTP/1.1\r\nHost: localhost\r\n"
                      . "Connection: close\r\n\r\n");
    my $asked = $nginx->request('GET', '/admin/bindings?limit=1');
    is($asked->{status}, 200, 'holds nobody up');
    $nginx->reload;

    my $answer = $connection->response('GET');
    ok($answer->{complete}, 'and gets all of it in the end');
    cmp_ok(scalar(() = $answer->{body} =~ /\n/g), '>=', MANY, 'each line');

    for (1 .. 3) {
        my $leaver = $nginx->connect;
        $leaver->send("GET /admin/bindings/export HTTP/1.1\r\nHost: localhost\r\n\r\n");
        $leaver->close;
    }
    is($nginx->request('GET', '/admin/bindings?limit=1')->{status}, 200,
       'one that leaves does no harm');
};

done_testing();
