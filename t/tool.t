#!/usr/bin/perl

# The operator's command line: what it takes, what it refuses, and that a file
# is taken whole or not at all.

use strict;
use warnings;

use File::Copy qw(copy);
use File::Temp qw(tempdir);
use IPC::Open3;
use POSIX ();
use Symbol qw(gensym);
use Test::More;

my $tool = $ENV{TEST_PROCORE_SCOPE} || './procore-scope';

plan(skip_all => "no $tool") unless -x $tool;

my $root = tempdir(CLEANUP => 1);
my $n = 0;

sub folder {
    my $path = $root . '/store' . ++$n;

    mkdir $path, 0700 or die;

    return $path;
}

# exit code, stdout, stderr

sub run {
    my ($input, @args) = @_;

    my $in = "$root/in";
    open(my $fh, '>:raw', $in) or die;
    print $fh $input;
    close($fh);
    open($fh, '<', $in) or die;

    my $pid = open3('<&' . fileno($fh), my $out, my $err = gensym, $tool,
                    @args);
    my ($stdout, $stderr) = do { local $/; (scalar <$out>, scalar <$err>) };
    waitpid($pid, 0);

    return ($? >> 8, $stdout // '', $stderr // '');
}

sub import_lines {
    my ($store, @lines) = @_;

    return run(join('', map { "$_\n" } @lines), 'import', '--store', $store,
               '-');
}

sub state_of {
    my ($store, $token, @more) = @_;

    my ($code, $out) = run("$token\n", 'show', '--store', $store, @more);

    return join(' ', $out =~ /^(?:state|company_id): (\S+)$/mg);
}

# usage

my ($code, $out, $err) = run('', '--help');
is($code, 0, 'help');
like($out, qr/^Usage: procore-scope bindings import /, 'tells the usage');

($code, $out) = run('', '--version');
is($code, 0, 'version');
like($out, qr/^procore-scope \d+\.\d+/, 'tells it');

for ([], ['import'], ['show'], ['bindings'], ['bindings', 'dance'],
     ['bindings', 'show'], ['--store', $root, 'show'], ['dance', '--store', $root],
     ['import', '--store', $root], ['import', '--store', $root, 'a', 'b'],
     ['show', '--store', $root, '--wrong'],
     ['show', '--store', $root, '--realm', ''], ['show', '--store', $root, '--access-token-file', 'a',
     '--refresh-token-file', 'b'],
     ['import', '--store', $root, '--access-token-file', 'a', '-'])
{
    ($code, $out, $err) = run('', @$_);
    is($code, 2, "wrong usage: @$_");
    isnt($err, '', 'and a sentence');
}

($code, $out, $err) = run('', 'show', '--store', $root, 'psecret');
is($code, 2, 'a token as an argument');
unlike($out . $err, qr/psecret/, 'is not repeated');

# the way it should be

my $store = folder();

($code, $out, $err) = import_lines($store,
    '{"access_token": "acc1", "refresh_token": "ref1", "client": "crm", '
    . '"company_id": 562949953421312}',
    '',
    ' { "refresh_token":"ref2" , "company_id":"9223372036854775807" } ' . "\r",
    '{"acc\u0065ss_token": "a\/b\u0063", "company_id": 5}',
    '{"project_id": 77, "company_id": 5}');

is($code, 0, 'imported') or diag($err);
is($out, "imported: 4 tokens, 1 projects\n", 'and counted');
is(state_of($store, 'acc1'), 'bound 562949953421312', 'an access token');
is(state_of($store, 'ref1'), 'bound 562949953421312', 'its refresh token');
is(state_of($store, 'ref2'), 'bound 9223372036854775807', 'the largest id');
is(state_of($store, 'a/bc'), 'bound 5', 'escapes are read');
is((run("acc1\n", 'bindings', 'show', '--store', $store))[1],
   (run("acc1\n", 'show', '--store', $store))[1], 'a name of two words');
is(state_of($store, 'nobody'), 'unknown', 'an unknown token');
is(state_of($store, 'acc1', '--realm', 'sandbox'), 'unknown',
   'another realm knows nothing');

($code, $out) = run("acc1\n", 'show', '--store', $store, '--json');
is($code, 0, 'as JSON');
like($out, qr/^\{"token": "[0-9a-f]{16}", "state": "bound", /, 'its digest');
like($out, qr/ "company_id": 562949953421312, "bound_by": "import", /,
     'the company and the way');
like($out, qr/ "bound_at": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", /, 'the time');
like($out, qr/ "client": "crm"\}$/, 'and the client');

my $file = "$root/token";
open(my $fh, '>', $file) or die;
print $fh "ref1\n";
close($fh);

($code, $out) = run('', 'show', '--store', $store, '--refresh-token-file',
                    $file);
is($code, 0, 'a refresh token from a file');
($code, $out) = run('', 'show', '--store', $store, '--access-token-file',
                    $file);
is($code, 1, 'is no access token');

for ('', "two lines\n", "a b\n", "a\nb\n", 'x' x 70000) {
    ($code) = run($_, 'show', '--store', $store);
    is($code, 1, 'no token: ' . substr($_, 0, 12) =~ s/\n/\\n/gr);
}

($code, $out) = import_lines($store, '{"access_token": "acc1", "company_id": '
                                     . '562949953421312}');
is($code, 0, 'the same again');

# ending a binding

($code, $out, $err) = run("ref1\n", 'end', '--store', $store);
is($code, 0, 'ended');
is(state_of($store, 'acc1'), 'withdrawn', 'with its pair');
unlike($out . $err, qr/ref1/, 'the token is not printed');
($code) = run("nobody\n", 'end', '--store', $store);
is($code, 1, 'an unknown token cannot be ended');
($code, $out, $err) = import_lines($store, '{"access_token": "acc1", '
                                           . '"company_id": 5}');
is($code, 1, 'nor an ended one imported');
like($err, qr/line 1: .*withdrawn/, 'says so');

# one wrong line, and nothing is taken

my $good = '{"access_token": "good", "company_id": 5}';

for (['{"access_token": "x", "company_id": 12abc}', 'id'],
     ['{"access_token": "x", "company_id": 1e3}', 'id'],
     ['{"access_token": "x", "company_id": 1.0}', 'id'],
     ['{"access_token": "x", "company_id": 007}', 'id'],
     ['{"access_token": "x", "company_id": -5}', 'id'],
     ['{"access_token": "x", "company_id": 0}', 'id'],
     ['{"access_token": "x", "company_id": "+5"}', 'id'],
     ['{"access_token": "x", "company_id": ""}', 'id'],
     ['{"access_token": "x", "company_id": null}', 'id'],
     ['{"access_token": "x", "company_id": 9223372036854775808}', 'id'],
     ['{"access_token": "x", "company_id": 12345678901234567890}', 'id'],
     ['{"access_token": "x", "company_id": [5]}', 'id'],
     ['{"access_token": "x"}', 'company_id is missing'],
     ['{"project_id": 5}', 'company_id is missing'],
     ['{"company_id": 5}', 'neither'],
     ['{"client": "c", "company_id": 5}', 'neither'],
     ['{"access_token": "x", "project_id": 1, "company_id": 5}', 'one line'],
     ['{"client": "x", "project_id": 1, "company_id": 5}', 'one line'],
     ['{"access_token": "x", "company_id": 5, "company_id": 5}', 'twice'],
     ['{"access_token": "x", "acces\u0073_token": "y", "company_id": 5}',
      'twice'],
     ['{"access_token": "x", "company": 5}', 'unknown member'],
     ['{"access_token": "", "company_id": 5}', 'empty'],
     ['{"access_token": "x y", "company_id": 5}', 'blanks'],
     ['{"access_token": 5, "company_id": 5}', 'not a string'],
     ["{\"access_token\": \"\xc3\xa9\", \"company_id\": 5}", 'character'],
     ["{\"access_token\": \"a\0b\", \"company_id\": 5}", 'character'],
     ['{"access_token": "\u00e9", "company_id": 5}', 'character'],
     ['{"access_token": "\n", "company_id": 5}', 'character'],
     ['{"access_token": "x", "client": 7, "company_id": 5}', 'client'],
     ['{"access_token": "x", "client": "' . 'c' x 256 . '", "company_id": 5}',
      'client'],
     ['{"access_token": "x", "company_id": 5,}', 'name is missing'],
     ['{"access_token": "x" "company_id": 5}', 'comma'],
     ['{"access_token" "x", "company_id": 5}', 'colon'],
     ['{"access_token": "x", "company_id": 5', 'brace'],
     ['{"access_token": "x', 'does not end'],
     ['{"access_token": "x", "company_id": 5} {}', 'follows'],
     ['[1]', 'not a JSON object'],
     ["\xef\xbb\xbf" . '{"access_token": "x", "company_id": 5}',
      'not a JSON object'],
     ['{"access_token": "' . 'x' x 65536 . '", "company_id": 5}', 'longer'])
{
    my ($line, $why) = @$_;

    ($code, $out, $err) = import_lines($store, $good, $good, $line, $good);
    is($code, 1, 'refused: ' . substr($line, 0, 60) =~ s/[^ -~]/?/gr);
    like($err, qr/line 3: .*\Q$why\E/, "names the line: $why");
}

is(state_of($store, 'good'), 'unknown', 'nothing of those files was taken');

($code, $out, $err) = run("$good\n{\n", 'import', '--json', '--store', $store,
                          '-');
is($code, 1, 'an error');
like($out, qr/^\{"error": ".*", "line": 2\}$/, 'as JSON');

# conflicts

for (["{\"access_token\": \"t\", \"company_id\": 5}",
      "{\"access_token\": \"t\", \"refresh_token\": \"u\", \"company_id\": 6}"],
     ["{\"refresh_token\": \"u\", \"company_id\": 5}",
      "{\"access_token\": \"t\", \"refresh_token\": \"u\", \"company_id\": 6}"],
     ["{\"project_id\": 9, \"company_id\": 5}",
      "{\"project_id\": 9, \"company_id\": 6}"])
{
    ($code, $out, $err) = import_lines($store, $_->[0], $good, $_->[1]);
    is($code, 1, 'two companies in one file');
    like($err, qr/line 3: the same \w+ has another company in line 1/,
         'named');
}

is(state_of($store, 'good'), 'unknown', 'nothing was taken');

($code, $out, $err) = import_lines($store, $good,
                                '{"refresh_token": "ref2", "company_id": 6}');
is($code, 1, 'a token that the store knows for another company');
like($err, qr/line 2: .*9223372036854775807 already/, 'named');

($code, $out, $err) = import_lines($store, $good,
                                   '{"project_id": 77, "company_id": 6}');
is($code, 1, 'a project that the store knows for another company');
like($err, qr/line 2: .*company 5 already/, 'named');

is(state_of($store, 'good'), 'unknown', 'nothing was taken');

# many lines

my @many = map { sprintf('{"access_token": "m%d", "company_id": %d}', $_,
                         $_ % 9 + 1) } 1 .. 5000;

($code, $out) = import_lines($store, @many);
is($code, 0, 'many lines');
is($out, "imported: 5000 tokens, 0 projects\n", 'all of them');
is(state_of($store, 'm5000'), 'bound 6', 'the last');

# folders

($code, $out, $err) = import_lines("$root/none", $good);
is($code, 1, 'no folder');
isnt($err, '', 'and a sentence');

my $empty = folder();
($code, $out, $err) = run("t\n", 'show', '--store', $empty);
is($code, 1, 'an empty folder');
like($err, qr/holds no store/, 'says so');
is_deeply([glob("$empty/*")], [], 'and stays empty');

($code, $out, $err) = import_lines($file, $good);
is($code, 1, 'a file in place of the folder');

($code, $out, $err) = run('', 'import', '--store', $store, "$root/nothing");
is($code, 1, 'no file');
like($err, qr/nothing: /, 'names it');

SKIP: {
    skip('not root', 8) if $> != 0;

    my ($uid, $gid) = (65534, 65534);

    chmod(0755, $root);

    my $theirs = folder();
    chown($uid, $gid, $theirs);

    open($fh, '>', "$root/secret") or die;
    print $fh "$good\n";
    close($fh);
    chmod(0600, "$root/secret");

    ($code, $out, $err) = run('', 'import', '--store', $theirs,
                              "$root/secret");
    is($code, 0, 'root becomes the owner, after it has opened the file')
        or diag($err);

    my @files = glob("$theirs/*");
    is(scalar(@files), 4, 'the store and the record of changes');
    is(scalar(grep { (stat $_)[4] != $uid } @files), 0, 'all the owner\'s');
    is(scalar(grep { (stat $_)[2] & 077 } @files), 0, 'and nobody else\'s');

    # a copy, because the build may lie where others cannot look

    my $copy = "$root/tool";
    copy($tool, $copy) or die;
    chmod(0755, $copy);

    my $pid = fork();

    if ($pid == 0) {
        chmod(0755, $theirs);
        open(STDIN, '<', '/dev/null');
        open(STDERR, '>', "$root/stderr") or exit(9);
        POSIX::setgid(1000);
        POSIX::setuid(1000);
        exec($copy, 'import', '--store', $theirs, '-');
    }

    waitpid($pid, 0);
    is($? >> 8, 1, 'another user');

    open($fh, '<', "$root/stderr") or die;
    like(join('', <$fh>), qr/belongs to another user/, 'is told');

    ($code, $out) = run("good\n", 'show', '--store', $theirs);
    is($code, 0, 'root reads');
    is(scalar(grep { (stat $_)[4] != $uid } glob("$theirs/*")), 0,
       'and the files stay the owner\'s');
}

done_testing();
