#!/usr/bin/perl

# A decision whose record is not written is counted and said: nobody asked for
# it, or it could not be written; with procore_scope_audit_required its request
# is refused while that lasts.

use Procore::Test;

use File::Temp qw(tempdir);
use JSON::PP ();
use Socket qw(AF_UNIX SOCK_DGRAM pack_sockaddr_un);

my $json = JSON::PP->new->canonical->utf8;
my $upstream = upstream();
my $keys = tempdir(CLEANUP => 1);
my $logs = tempdir(CLEANUP => 1);
chmod 0777, $logs or die $!;

write_file("$keys/key", 'the key of this test, long enough' . "\n");
chmod 0400, "$keys/key" or die $!;

my $nginx = nginx(
    api => $upstream->url, lookup => 0, secrets => 0,
    oauth => "procore_scope_audit_required on; access_log $logs/oauth procore;",
    expect => [qr{^.*write\(\) to "(?:/dev/full|$logs/buffered)" failed}],
    http => <<"EOT",
        procore_scope_audit_key $keys/key;
        map \$procore_scope_decision \$thin { default 1; allow 0; deny 0; }
EOT
    locations => <<"EOT");
        location /status { procore_scope_status; }
        location /rest/plain { access_log %%DIR%%/logs/plain.log; proxy_pass %%API%%; }
        location /rest/off { access_log off; proxy_pass %%API%%; }
        location /rest/full { access_log /dev/full procore; proxy_pass %%API%%; }
        location /rest/kept {
            access_log $logs/kept procore;
            proxy_pass %%API%%;
        }
        location /rest/required {
            procore_scope_audit_required on;
            procore_scope_undecided store_failed allow;
            access_log $logs/required procore;
            proxy_pass %%API%%;
        }
        location /rest/nowhere {
            procore_scope_audit_required on;
            access_log off;
            proxy_pass %%API%%;
        }
        location /rest/loose {
            procore_scope monitor;
            procore_scope_audit_required on;
            access_log $logs/required procore;
            proxy_pass %%API%%;
        }
        location /rest/refused {
            procore_scope_audit_required on;
            access_log /dev/full procore;
            proxy_pass %%API%%;
        }
        location /rest/thin {
            access_log $logs/kept procore if=\$thin;
            proxy_pass %%API%%;
        }
EOT
my $token = 'written-' . 'x' x 40;
$nginx->import_records({ access_token => $token, client => 'test',
                         company_id => 562949953421312 });

# Nobody asks for the record.

says('plain', qr{"/rest/plain": no access_log with \$procore_scope_audit});
quiet('off', 'a second one of the same minute');
quiet('thin', 'a record that the operator left out');

is(count('audit_unwritten'), 2, 'two are counted');
is(count('audit_thinned'), 1, 'what was left out is counted by itself');

# It cannot be written.

says('full', qr{"/dev/full": the disk is full});
quiet('kept', 'a file that works');
unlink "$logs/kept" or die $!;
says('kept', qr{"$logs/kept": it was deleted});
rotate();
request('kept');
ok(wait_for(10, sub { $nginx->error_log
    =~ m{the audit is written to "$logs/kept" again} }), 'and it works again');

# What is lost stands in the chain: the records after it say so.

my ($code, $said) = verify("$logs/kept");
is($code, 0, 'what was written is intact');
my ($first) = map { $json->decode($_) } read_lines("$logs/kept");
ok($first->{procore_scope}{chain}{lost} > 0, 'and tells how much was lost');

# Required.

is(request('required')->{status}, 200, 'a file that works');
unlink "$logs/required" or die $!;
my $refused = request('required');
is($refused->{status}, 503, 'a deleted file');
is($refused->{header}{'procore-scope-reason'}, 'store_failed', 'its reason');
ok($refused->{header}{'retry-after'}, 'try again');
is(request('loose')->{status}, 200, 'monitor refuses nothing');
rotate("$logs/required");
is(request('required')->{status}, 200, 'until there is one again');
is(request('nowhere')->{status}, 503, 'nowhere to write to');
my $before = () = $upstream->requests;
unlink "$logs/oauth" or die $!;
my $denied = $nginx->request('POST', '/oauth/token', form => [
    grant_type => 'client_credentials', client_id => 'test',
    client_secret => 'none', company_id => 562949953421312 ]);
is($denied->{status}, 503, 'a token request');
is($denied->{json}{error}, 'temporarily_unavailable', 'may come again');
is(scalar(() = $upstream->requests), $before, 'and did not go up');
is(request('full')->{status}, 200, 'not required');
is(request('refused')->{status}, 503, 'a full disk, once it was tried');

# A directory that goes, and comes back.

mkdir "$logs/sub" or die $!;
chmod 0777, "$logs/sub" or die $!;
$nginx->reload(locations => <<"EOT");
        location /rest/required {
            procore_scope_audit_required on;
            access_log $logs/sub/required procore;
            proxy_pass %%API%%;
        }
        location /rest/buffered {
            access_log $logs/buffered procore buffer=32k flush=100ms;
            proxy_pass %%API%%;
        }
        location /rest/syslog {
            access_log syslog:server=unix:$logs/socket,nohostname procore;
            proxy_pass %%API%%;
        }
EOT
is(request('required')->{status}, 200, 'a file in a folder');
unlink "$logs/sub/required" or die $!;
rmdir "$logs/sub" or die $!;
is(request('required')->{status}, 503, 'the folder went');
$nginx->expect(qr{open\(\) "$logs/sub/required" failed});
my $lines = () = $nginx->error_log =~ /sub\/required" failed/g;
kill 'USR1', $nginx->pids->{master} or die $!;
wait_for(10, sub { my $now = () = $nginx->error_log
    =~ /sub\/required" failed/g; $now >= $lines + 2 });
is(request('required')->{status}, 503, 'and cannot be opened again');
mkdir "$logs/sub" or die $!;
chmod 0777, "$logs/sub" or die $!;
rotate("$logs/sub/required");
is(request('required')->{status}, 200, 'until it is back');

# A buffer: what became of it is known when it has been written.

quiet('buffered', 'a buffer');
ok(wait_for(10, sub { (() = read_lines("$logs/buffered")) == 1 }), 'is written');
unlink "$logs/buffered" or die $!;
says('buffered', qr{"$logs/buffered": it was deleted});

# syslog: a server that is there, and one that went.

socket my $server, AF_UNIX, SOCK_DGRAM, 0 or die $!;
bind $server, pack_sockaddr_un("$logs/socket") or die $!;
chmod 0777, "$logs/socket" or die $!;
quiet('syslog', 'a syslog server');
recv $server, my $message, 65536, 0;
write_file("$keys/syslog.log", "$message\n");
is((verify('--syslog', "$keys/syslog.log"))[0], 0, 'its line is verified');
close $server;
unlink "$logs/socket";
says('syslog', qr{"unix:$logs/socket": the syslog server takes nothing});

done_testing;


sub count {
    my ($name) = @_;

    my $status = $nginx->request('GET', '/status?format=json')->{json};
    return $status->{$name} // $status->{counters}{$name};
}


sub request {
    my ($path) = @_;

    my $response = $nginx->request('GET', "/rest/$path", token => $token);
    return $response;
}


# The request is answered, and the error log says what became of its record.
sub says {
    my ($path, $expected) = @_;

    is(request($path)->{status}, 200, "$path is answered");
    ok(wait_for(10, sub { $nginx->error_log =~ $expected }),
       'its record is missed') or diag($nginx->error_log);
}


# No further line about missing records.
sub quiet {
    my ($path, $name) = @_;

    my $count = said();
    is(request($path)->{status}, 200, "$path is answered");
    $nginx->request('GET', '/rest/last', token => $token);
    $nginx->skip_audit;
    is(said(), $count, "nothing is said: $name");
}


sub said {
    return scalar(() = $nginx->error_log =~ /without an audit record/g);
}


sub rotate {
    my ($file) = @_;

    $file //= "$logs/kept";
    die "$file is there already" if -e $file;
    kill 'USR1', $nginx->pids->{master} or die $!;
    ok(wait_for(10, sub {
        my %open = map { $_ => 1 } map { readlink($_) // '' }
            map { glob("/proc/$_/fd/*") } @{ $nginx->pids->{workers} };
        return -e $file && $open{$file};
    }), 'the files are opened again');
}


sub verify {
    my (@arguments) = @_;

    my $said = qx(./procore-scope audit verify --key $keys/key @arguments);
    return ($? >> 8, $said);
}


sub read_lines {
    my ($file) = @_;
    open my $in, '<', $file or return;
    return <$in>;
}


sub write_file {
    my ($file, @lines) = @_;
    open my $out, '>', $file or die "$file: $!";
    print $out @lines;
    close $out or die $!;
}
