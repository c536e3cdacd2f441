#!/usr/bin/perl

# procore-scope replay: what it predicts from the audit of a gateway in monitor
# is what the gateway decides once it is really configured so; and what a record
# does not tell, it does not guess.

use Procore::Test;

use JSON::PP ();

use constant {
    OWN => 562949953421312,
    FOREIGN => 598134325779301,
    PARTNER => 777000000000001,
    ALIAS => '3f2504e0-4f89-11d3-9a0c-0305e82c3301',
};

my $json = JSON::PP->new->canonical->utf8;
my $upstream = upstream();
my $headers = "add_header X-Request-Id \$request_id always;\n";
my $nginx = nginx(api => $upstream->url, lookup => 0, mode => 'monitor',
                  bare => 1, server => $headers, locations => location(''));
my %token = map { $_ => "replay-$_-" . 'x' x 40 } qw(crm erp late nobody);
remember(values %token);

$nginx->import_records(
    { access_token => $token{crm}, client => 'crm', company_id => OWN },
    { access_token => $token{erp}, client => 'erp', company_id => FOREIGN },
    { project_id => 1001, company_id => OWN },
    { project_id => 2002, company_id => FOREIGN },
    { project_id => 3003, company_id => PARTNER });

my @body = (json => { project_id => 1001 });
my @types = (type => 'application/json');

# Method, target, options; "crm" where no token is named.
my @requests = (
    ['GET', '/rest/v1.0/projects/1001'],
    ['GET', '/rest/v1.0/me'],
    ['GET', '/rest/v1.0/companies'],
    ['GET', '/vapid/projects/1001'],
    ['GET', '/internal/health'],
    ['GET', '/rest/v1.0/x', company => FOREIGN],
    ['GET', '/rest/v1.0/x', company => PARTNER],
    ['GET', '/rest/v1.0/x', company => '1, 2'],
    ['GET', '/rest/v1.0/x', company => '12abc'],
    ['GET', '/rest/v1.0/x?company_id=' . PARTNER],
    ['GET', '/rest/v1.0/x?company_id=' . FOREIGN . '&project_id=3003'],
    ['GET', '/rest/v1.0/x?project_id=2002'],
    ['GET', '/rest/v1.0/x?project_id=3003'],
    ['GET', '/rest/v1.0/x?project_id=3003', token => 'erp'],
    ['GET', '/rest/v1.0/x?project_id=4004'],
    ['GET', '/rest/v1.0/x?site_company_id=' . FOREIGN],
    ['GET', '/rest/v1.0/x?odd_project_id=1'],
    ['GET', '/rest/v1.0/x?tenant=' . FOREIGN],
    ['GET', '/rest/v1.0/x?a=%zz'],
    ['GET', '/rest/v1.0/x?access_token=abc'],
    ['GET', '/rest/v1.0/x/../projects/1001'],
    ['GET', '/rest/v1.0//projects/2002'],
    ['GET', '/rest/v1.0/companies/' . ALIAS . '/projects'],
    ['GET', '/rest/v1.0/companies/' . FOREIGN . '/projects/3003'],
    ['GET', '/rest/v1.0/x'],
    ['POST', '/rest/v1.0/x', @body],
    ['POST', '/rest/v1.0/x', json => { project_id => 2002 }],
    ['POST', '/rest/v1.0/x', json => { company_id => PARTNER, a => [1] }],
    ['POST', '/rest/v1.0/x', json => { a_company_id => 7 }],
    ['POST', '/rest/v1.0/x', json => { project_id => 'a b' }],
    ['POST', '/rest/v1.0/x', body => '{"a":', @types],
    ['POST', '/rest/v1.0/x', body => 'x', type => 'application/xml'],
    ['POST', '/rest/v1.0/x', body => 'x', type => 'text/plain'],
    ['POST', '/rest/v1.0/x', json => { access_token => 'abc' }],
    ['POST', '/rest/v1.0/x?project_id=2002', @body],
    ['POST', '/rest/v1.0/x?project_id=3003', json => { project_id => 2002 }],
    ['POST', '/vapid/x', json => { project_id => 2002 }],
    ['POST', '/rest/v1.0/x', chunked => 1, json => { project_id => 3003 }],
    ['POST', '/rest/v1.0/x', multipart => [['project[id]', 2002]]],
    ['PATCH', '/rest/v1.0/projects/sync',
        json => { updates => [{ id => 1001 }, { id => 2002 }] }],
    ['GET', '/rest/v1.0/x?'
        . join '&', map { "a$_\[project_id]=1001" } 1 .. 20],
    ['GET', '/rest/v1.0/projects/1001', token => 'late'],
    ['GET', '/rest/v1.0/x?a=%zz', token => 'late'],
    ['POST', '/rest/v1.0/x', token => 'late', json => { project_id => 2002 }],
    ['GET', '/rest/v1.0/x?project_id=2002', token => 'late'],
    ['GET', '/rest/v1.0/x?company_id=' . OWN, token => 'nobody'],
    ['GET', '/rest/v1.0/me', token => 'nobody'],
    ['GET', '/rest/v1.0/x', token => undef],
    ['OPTIONS', '/rest/v1.0/x', token => undef,
        headers => ['Origin', 'https://a.example',
                    'Access-Control-Request-Method', 'GET']],
    ['OPTIONS', '/rest/v1.0/x', token => undef],
);

my @first = my @monitor = traffic();
my ($was, $changed);     # was: what wrote the log, where it is not the default

# A token that was unbound then is bound when the log is replayed.
$nginx->import_records(
    { access_token => $token{late}, client => 'late', company_id => OWN });

my $log = write_file('audit.jsonl', map { $json->encode($_) . "\n" } @first);

# Each candidate, and why some requests cannot be decided.
my %alone = (body_not_logged => 1, claims_cut => 1);
candidate('enforce', "procore_scope enforce;\n", %alone);
candidate('other paths', <<'EOT', %alone);
procore_scope enforce;
procore_scope_paths /rest/ /vapid/ /internal/;
EOT
candidate('fewer paths', <<'EOT');
procore_scope monitor;
procore_scope_paths /vapid/;
EOT
candidate('an exception', <<"EOT", %alone, body_not_logged => 3);
procore_scope enforce;
procore_scope_exception @{[ PARTNER ]};
procore_scope_exception @{[ FOREIGN ]} project=2002;
EOT
candidate('an exception for an app', <<"EOT", %alone);
procore_scope enforce;
procore_scope_exception @{[ PARTNER ]} client=erp project=3003;
EOT
candidate('an alias', <<"EOT", %alone);
procore_scope enforce;
procore_scope_alias @{[ OWN ]} @{[ ALIAS ]};
EOT
candidate('unlisted names denied', <<'EOT', %alone);
procore_scope enforce;
procore_scope_unlisted deny;
procore_scope_ignore odd_project_id;
EOT
candidate('a name that was shown', <<'EOT', %alone, names => 1);
procore_scope enforce;
procore_scope_names company site_company_id;
EOT
candidate('a name not shown', <<'EOT', claims_cut => 1, names => 15);
procore_scope enforce;
procore_scope_names company tenant;
EOT
candidate('nobody adds a header', <<'EOT', %alone);
procore_scope enforce;
procore_scope_header off;
EOT
candidate('a configured company', <<"EOT", %alone);
procore_scope enforce;
procore_scope_company @{[ OWN ]};
EOT

# A log of enforce, written with names and exceptions of its own: --was.
configure('enforce', my $base = <<"EOT");
procore_scope_names company tenant;
procore_scope_ignore odd_project_id;
procore_scope_unlisted deny;
procore_scope_exception @{[ PARTNER ]};
EOT
@first = traffic();
$log = write_file('enforce.jsonl', map { $json->encode($_) . "\n" } @first);
$was = write_file('was.conf', "procore_scope enforce;\n$base");

candidate('the same again', "procore_scope enforce;\n$base", claims_cut => 1);
is($changed, 0, 'nothing changes');
candidate('without the exception', <<'EOT', claims_cut => 1);
procore_scope enforce;
procore_scope_names company tenant;
procore_scope_ignore odd_project_id;
procore_scope_unlisted deny;
EOT
candidate('names are only reported', <<"EOT", claims_cut => 1);
procore_scope enforce;
procore_scope_names company tenant;
procore_scope_ignore odd_project_id;
procore_scope_exception @{[ PARTNER ]};
EOT
candidate('a name less', <<"EOT", names => 1, claims_cut => 1);
procore_scope enforce;
procore_scope_ignore odd_project_id;
procore_scope_unlisted deny;
procore_scope_exception @{[ PARTNER ]};
EOT
candidate('an ignored name less', <<"EOT", names => 18, claims_cut => 1);
procore_scope enforce;
procore_scope_names company tenant;
procore_scope_unlisted deny;
procore_scope_exception @{[ PARTNER ]};
EOT
candidate('a smaller body', <<"EOT", body_size => 18, claims_cut => 1);
procore_scope enforce;
procore_scope_body_size 8;
$base
EOT

# Records of a version that does not tell what was not read.
@first = map { older($_) } @monitor;
$log = write_file('old.jsonl', map { $json->encode($_) . "\n" } @first);
undef $was;
candidate('older records', "procore_scope enforce;\n", refused_early => 4,
          claims_cut => 1);

# What only a lookup could tell, and a token that was withdrawn since.
$log = write_file('audit.jsonl', map { $json->encode($_) . "\n" } @monitor);
my $summary = summary(
    "procore_scope enforce;\nprocore_scope_lookup /_procore/;");
is_deeply(why($summary), { %alone, project_unknown => 1 }, 'with a lookup');

my $before = summary("procore_scope enforce;\n");
$nginx->end_binding($token{erp});
my $after = summary("procore_scope enforce;\n");
is($after->{changed}, $before->{changed}, 'withdrawn since: judged as then');
is_deeply(why($after), why($before), 'and as certainly');

done_testing;


sub summary {
    my ($directives) = @_;

    my (undef, $output) = $nginx->tool('replay', '', '--json', '--conf',
        write_file('candidate.conf', $directives), $log);
    return $json->decode($output);
}


sub why {
    return { map { $_->{why} => $_->{count} } @{ $_[0]{undecidable_by} } };
}


# The record as it was without the member "unread".
sub older {
    my $record = $json->decode($json->encode($_[0]));

    delete $record->{procore_scope}{unread};
    return $record;
}


sub location {
    my ($directives) = @_;

    return "location / { $directives proxy_pass %%API%%; }\n";
}


sub configure {
    my ($mode, $directives) = @_;

    $nginx->reload(mode => $mode, server => $headers,
                   locations => location($directives));
    return;
}


# Sends all requests; their records, in the same order.
sub traffic {
    my $file = $nginx->dir . '/logs/audit.log';
    my $before = -s $file;
    my @ids;

    for (@requests) {
        my ($method, $target, %opt) = @$_;

        my $name = exists $opt{token} ? delete $opt{token} : 'crm';
        my $answer = $nginx->request($method, $target, %opt,
            $name ? (token => $token{$name}) : ());

        push @ids, $answer->{header}{'x-request-id'};
    }

    my %record;

    wait_for(10, sub {
        open my $in, '<', $file or die "$file: $!";
        seek $in, $before // 0, 0;
        my @lines = <$in>;
        return if @lines < @ids;
        %record = map { $_->{event}{id} => $_ }
            map { $json->decode($_) } @lines;
        return 1;
    });

    return @record{@ids};
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


# What is predicted by a candidate, and what it decides.
sub candidate {
    my ($name, $directives, %open) = @_;

    my ($exit, $output) = $nginx->tool('replay', '', '--json', '--each',
        '--conf', write_file('candidate.conf', $directives),
        $was ? ('--was', $was) : (), $log);
    my @predicted = map { $json->decode($_) } split /\n/, $output;
    my $summary = pop @predicted;

    is(scalar @predicted, scalar @requests, "$name: a line each");
    is($summary->{requests}, scalar @requests, "$name: all are counted");

    $directives =~ s/procore_scope (\w+);\n//;
    configure($1, $directives);
    my @second = traffic();
    my (@wrong, @open);

    $changed = 0;

    for my $i (0 .. $#requests) {
        my $scope = $second[$i]{procore_scope};
        my $was = $first[$i]{procore_scope};
        my $told = $predicted[$i];
        my $what = join ' ', @{ $requests[$i] }[0, 1], '-',
            @$scope{qw(decision reason)};

        if (!$told->{to}) {
            push @open, "$what: $told->{undecidable}";
            next;
        }

        push @wrong, "$what, but $told->{to}{decision} $told->{to}{reason}"
            if $told->{to}{decision} ne $scope->{decision}
            || ($told->{reason_certain}
                && $told->{to}{reason} ne $scope->{reason});

        push @wrong, "$what: changed?"
            if $told->{reason_certain} && !$told->{changed}
            == ("@$was{qw(decision reason)}" ne "@$scope{qw(decision reason)}");

        $changed += $told->{changed} ? 1 : 0;
    }

    is_deeply(\@wrong, [], "$name: what is predicted comes");
    is_deeply(why($summary), \%open, "$name: undecidable")
        or diag(join "\n", @open);
    is($summary->{changed}, $changed, "$name: changed");
    is($exit, $changed ? 1 : 0, "$name: exit code");
    return;
}
