#!/usr/bin/perl

# The command line lists and changes bindings, projects and clients, in a store
# that nginx has open, and what it changes holds at the next request.

use File::Temp qw(tempdir);

use Procore::Test;

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my $crm = $world->{clients}{crm}{id};
my $tool = $ENV{TEST_PROCORE_SCOPE} || './procore-scope';
my $dir = tempdir(CLEANUP => 1);
my $nginx = nginx(workers => 2);
my $json = JSON::PP->new;


# exit code and output (errors, too); "in" is standard input.
sub tool {
    my ($in, $command, @args) = @_;

    open(my $out, '>', "$dir/in") or die;
    print $out $in;
    close($out);
    my $line = join ' ', map { "'$_'" } split(' ', $command), '--store',
        $nginx->store, @args;
    my $text = qx($tool $line < $dir/in 2>&1);
    return ($? >> 8, $text);
}


sub lines {
    my (@args) = @_;

    my ($code, $text) = tool('', @args, '--json');
    is($code, 0, "@args") or diag($text);
    return map { $json->decode($_) } split /\n/, $text;
}


sub asks {
    my ($token, $company) = @_;

    my $answer = $nginx->request(
        'GET', "/rest/v1.0/companies/$company/users",
        token => $token->{access_token}, company => $company);
    return join ' ', $answer->{status},
        ref $answer->{json} ? $answer->{json}{reason} // () : ();
}


my $token = bind_token($nginx, company => $home);

subtest 'list' => sub {
    my ($one) = lines('bindings list');
    is($one->{company_id}, $home, 'a binding');
    is($one->{client}, $crm, 'with its client');

    is(scalar(lines('bindings list', @$_)), 1, "@$_")
        for ['--company', $home], ['--client', $crm], ['--state', 'bound'],
            ['--way', 'token_request'], ['--limit', 1], ['--all'];
    is(scalar(lines('bindings list', @$_)), 0, "@$_")
        for ['--company', $foreign], ['--client', 'x'],
            ['--state', 'withdrawn'], ['--way', 'chooser'];

    my ($code, $text) = tool('', 'bindings list');
    like($text, qr/^family=[0-9a-f]{32}  state=bound  company_id=$home  /,
         'in words');
};

subtest 'set' => sub {
    is(asks($token, $home), 200, 'before');

    my ($code, $text) = tool("$token->{access_token}\n", 'bindings set',
                             '--company', $foreign);
    is($code, 0, 'by a token from standard input') or diag($text);
    is(asks($token, $foreign), 200, 'holds at once') for 1 .. 4;
    is(asks($token, $home), '403 foreign_company', 'in every worker')
        for 1 .. 4;

    my ($one) = lines('bindings list');
    is($one->{bound_by}, 'admin', 'by the operator');

    ($code) = tool('', 'bindings set', '--company', $home, '--family',
                   $one->{family});
    is($code, 0, 'by its family');
    is(asks($token, $home), 200, 'back');

    my $digest = $nginx->next_audit->{procore_scope}{token};
    ($code) = tool('', 'bindings set', '--company', $home, '--digest',
                   $digest);
    is($code, 0, 'by the digest in the audit');

    my ($shown, @tokens) = lines('bindings show', '--digest', $digest);
    is($shown->{family}, $one->{family}, 'shown by it');
    is_deeply([sort map { $_->{kind} } @tokens], [qw(access refresh)],
              'with its tokens');

    ($code, $text) = tool('', 'bindings set', '--company', $home, '--digest',
                          '0' x 16);
    is($code, 1, 'an unknown one');
    like($text, qr/no such token/, 'says so');

    open(my $file, '>', "$dir/new") or die;
    print $file "made-by-hand\n";
    close($file);
    ($code) = tool('', 'bindings set', '--company', $home, '--client', 'other',
                   '--access-token-file', "$dir/new");
    is($code, 0, 'a token that never passed by');
    is(scalar(lines('bindings list', '--client', 'other')), 1, 'is known');
};

subtest 'clients' => sub {
    my ($code) = tool('', 'clients pause', '--client', $crm);
    is($code, 0, 'paused');
    is(asks($token, $home), '403 company_not_allowed', 'at once') for 1 .. 4;

    my ($one) = grep { $_->{client} eq $crm } lines('clients list');
    ok($one->{paused}, 'listed as such');
    is($one->{bound}, 1, 'with its bindings');

    ($code) = tool('', 'clients resume', '--client', $crm);
    is($code, 0, 'goes on');
    is(asks($token, $home), 200, 'at once') for 1 .. 4;
    ($code, my $text) = tool('', 'clients resume', '--client', $crm);
    is($code, 1, 'once');
    like($text, qr/not paused/, 'says so');
};

subtest 'projects' => sub {
    my ($code) = tool(join('', map {
        qq({"project_id":$_,"company_id":$foreign}\n) } 1 .. 700),
        'projects import', '-');
    is($code, 0, 'imported');
    is(scalar(lines('projects list', '--company', $foreign)), 100,
       'some are listed');
    is(scalar(lines('projects list', '--company', $foreign, '--all')), 700,
       'or all');

    ($code, my $text) = tool('', 'projects end', '--project', 5);
    is("$code $text", "0 forgotten: 1\n", 'one is forgotten');
    ($code) = tool('', 'projects end', '--project', 5);
    is($code, 1, 'once');
    ($code, $text) = tool('', 'projects end', '--company', $foreign);
    is("$code $text", "0 forgotten: 699\n", 'all of a company');
};

subtest 'export and import' => sub {
    tool('', 'clients pause', '--client', 'other');
    tool(qq({"project_id":9,"company_id":$home}\n), 'projects import', '-');

    my ($code, $bindings) = tool('', 'bindings export');
    is($code, 0, 'bindings');
    unlike($bindings, qr/\Q$token->{access_token}\E/, 'without tokens');
    ($code, my $projects) = tool('', 'projects export', '--company', $home);
    is($code, 0, 'projects');

    my $there = nginx(start => 0);
    mkdir $there->store, 0700;
    open(my $file, '>', "$dir/export") or die;
    print $file $bindings, $projects;
    close($file);

    my $store = $there->store;
    my $said = qx($tool bindings import --store $store $dir/export 2>&1);
    like($said, qr/^imported: 3 tokens, \d+ projects, 1 paused clients$/,
         'taken elsewhere');
    my $again = qx($tool bindings export --store $store);
    is_deeply([sort split /\n/, $again], [sort split /\n/, $bindings],
              'and the same there');
};

subtest 'end' => sub {
    my $other = bind_token($nginx, company => $foreign);
    my ($code, $text) = tool('', 'bindings end', '--company', $home,
                             '--client', $crm);
    is("$code $text", "0 ended: 1\n", 'those of a client in a company');
    is(asks($token, $home), '401 revoked_token', 'at once') for 1 .. 4;
    is(asks($other, $foreign), 200, 'others go on');

    my ($one) = lines('bindings list', '--company', $foreign);
    ($code) = tool('', 'bindings end', '--family', $one->{family});
    is($code, 0, 'one by its family');
    is(asks($other, $foreign), '401 revoked_token', 'ended');

    ($code, $text) = tool('', 'bindings set', '--company', $home, '--family',
                          $one->{family});
    is($code, 1, 'for good');
    like($text, qr/ended for good/, 'says so');
};

subtest 'wrong usage' => sub {
    for (['bindings list', '--wrong'], ['bindings list', 'token'],
         ['bindings list', '--company', '5x'],
         ['bindings list', '--limit', '0'], ['bindings list', '--digest', '00'],
         ['bindings list', '--state', 'x'], ['bindings list', '--way', 'x'],
         ['bindings set'], ['bindings set', '--company', 5, '--digest', 'zz'],
         ['bindings end', '--company', 5, '--family', '0' x 32],
         ['projects end'], ['projects end', '--company', 5, '--project', 5],
         ['clients pause'], ['clients pause', '--client', 'x' x 256],
         ['clients list', '--client', 'x'])
    {
        my ($code, $text) = tool('', @$_);
        is($code, 2, "@$_" =~ s/(x{9})x+/$1/r);
        like($text, qr/see procore-scope --help/, 'and a sentence');
    }

    for ('bindings list', 'bindings set', 'projects list', 'clients pause') {
        my ($code, $text) = tool('', $_, '--help');
        is($code, 0, "$_ --help");
        like($text, qr/^Usage: procore-scope /, 'is the help');
    }
};

subtest 'completion' => sub {
    my $complete = sub {
        my @words = map { "'$_'" } 'procore-scope', @_;
        my $script = 'source tools/completion/procore-scope; '
            . "COMP_WORDS=(@words); COMP_CWORD=$#words; _procore_scope; "
            . 'echo "${COMPREPLY[@]}"';
        open(my $out, '>', "$dir/complete") or die;
        print $out $script;
        close($out);
        chomp(my $text = qx(bash $dir/complete 2>&1));
        return $text;
    };

    is($complete->('bind'), 'bindings', 'a command');
    is($complete->('clients', ''), 'list pause resume', 'its second word');
    is($complete->('projects', 'end', '--p'), '--project', 'an option');
    is($complete->('bindings', 'list', '--state', 'w'), 'withdrawn', 'a value');
};

# What has been appended to the record of changes since.
my $read = 0;

sub changes {
    my $file = $nginx->store . '/changes.jsonl';
    my @all = map { $json->decode($_) }
        split /\n/, Procore::Test::Host::read_file($file);
    my @new = @all[$read .. $#all];
    $read = @all;
    return @new;
}


subtest 'a client that nobody knows' => sub {
    my ($code, $text) = tool('', 'clients pause', '--client', 'typo');
    is($code, 0, 'is paused');
    like($text, qr/no token of the client "typo" is known here; is the id/,
         'and asked about');
    ($code, $text) = tool('', 'clients pause', '--client', $crm);
    unlike($text, qr/is known here/, 'one that is known is not');
    tool('', 'clients resume', '--client', $_) for 'typo', $crm;
};


subtest 'every change is on record' => sub {
    my $mine = bind_token($nginx, company => $home);
    my ($one) = lines('bindings list', '--company', $home,
                      '--state', 'bound', '--limit', 1);
    changes();

    tool('', 'bindings list');
    is_deeply([changes()], [], 'looking is no change');

    is((tool('', 'bindings set', '--company', $foreign, '--family',
             $one->{family}))[0], 0, 'set');
    my ($record) = changes();
    is($record->{event}{action}, 'admin_bind', 'what');
    is($record->{event}{outcome}, 'success', 'how it ended');
    is($record->{procore_scope}{company}, $foreign, 'to which company');
    is($record->{user}{name}, scalar(getpwuid $<), 'who');
    like($record->{'@timestamp'}, qr/^20\d\d-\d\d-\d\dT[\d:]{8}Z$/, 'when');

    is((tool($mine->{access_token}, 'bindings end'))[0], 0, 'end');
    ($record) = changes();
    is($record->{event}{action}, 'admin_end', 'what');
    like($record->{procore_scope}{token}, qr/^[0-9a-f]{16}$/, 'a digest');

    is((tool("unknown\n", 'bindings end'))[0], 1, 'a token that is not there');
    is((changes())[0]{event}{outcome}, 'failure', 'is told as well');

    tool('', 'clients pause', '--client', "a\"b");
    tool('', 'clients resume', '--client', "a\"b");
    is_deeply([map { "$_->{event}{action} $_->{procore_scope}{client}" }
                   changes()],
              ['admin_pause a"b', 'admin_resume a"b'], 'an app');

    my $lines = join '', map { qq({"project_id":$_,"company_id":$home}\n) }
        1 .. 400;
    is((tool($lines, 'import', '-'))[0], 0, 'import');
    my @import = changes();
    is($import[0]{event}{action}, 'admin_project', 'of projects');

    my $file = $nginx->store . '/changes.jsonl';
    is((stat $file)[2] & 07777, 0600, 'nobody else reads it');
};


subtest 'no record, no change' => sub {
    my $mine = bind_token($nginx, company => $home);
    my $file = $nginx->store . '/changes.jsonl';
    rename $file, "$file.away" or die "$!";
    mkdir $file or die "$!";

    my ($code, $text) = tool($mine->{access_token}, 'bindings end');
    is($code, 1, 'refused');
    like($text, qr/nothing is changed, because it cannot be recorded in changes/,
         'in a sentence');
    is(asks($mine, $home), '200', 'and nothing is changed');

    rmdir $file or die "$!";
    symlink '/dev/null', $file or die "$!";
    is((tool($mine->{access_token}, 'bindings end'))[0], 1,
       'nor is a link followed');
    unlink $file;
    is((tool($mine->{access_token}, 'bindings end'))[0], 0, 'repaired');
    is(asks($mine, $home), '401 revoked_token', 'it ends');
};


done_testing();
