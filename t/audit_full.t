#!/usr/bin/perl

# A disk that is really full: what is not written is counted, the log shows that
# it was lost and not that somebody took it, and what is required is refused
# until there is room.

use Procore::Test;

use File::Temp qw(tempdir);
use JSON::PP ();

my $json = JSON::PP->new->utf8;
my $disk = tempdir(CLEANUP => 1);
my $mounted = system("mount -t tmpfs -o size=64k tmpfs $disk 2>/dev/null") == 0;

# Lazily: a test that dies leaves its nginx to the guard, which is later.
END { system 'umount', '-l', $disk if $mounted }

plan skip_all => 'no small disk can be mounted here' unless $mounted;

my $upstream = upstream();
my $keys = tempdir(CLEANUP => 1);
my $key = "$keys/key";
write_file($key, 'the key of this test, long enough');
chmod 0400, $key or die $!;

my $nginx = nginx(
    api => $upstream->url, lookup => 0, secrets => 0,
    expect => [qr{write\(\) to "$disk/(?:audit|buffered)" (?:failed|was incomplete)}],
    http => "procore_scope_audit_key $key;",
    locations => <<"EOT");
        location /rest/plain {
            access_log $disk/audit procore;
            proxy_pass %%API%%;
        }
        location /rest/required {
            procore_scope_audit_required on;
            access_log $disk/audit procore;
            proxy_pass %%API%%;
        }
        location /rest/buffered {
            access_log $disk/buffered procore buffer=8k flush=100ms;
            proxy_pass %%API%%;
        }
        location /status { procore_scope_status; }
EOT
my $token = 'full-' . 'x' x 40;
$nginx->import_records({ access_token => $token, client => 'test',
                         company_id => 562949953421312 });

is(request('required'), 200, 'there is room');
is(request('plain'), 200, 'and again') for 1 .. 3;
write_file("$disk/filler", 'x' x (1 << 20));
is(request('plain'), 200, 'a request of a full disk') for 1 .. 8;
ok(unwritten() > 0, 'is counted');
like($nginx->error_log,
     qr{"$disk/audit": (?:the disk is full|nothing arrived in it)},
     'and said');
is(request('required'), 503, 'what is required is refused');

my $before = unwritten();
is(request('buffered'), 200, 'a buffer takes it');
ok(wait_for(10, sub { unwritten() > $before }),
   'and what becomes of it is counted');

unlink "$disk/filler" or die $!;
is(request('required'), 200, 'there is room again');
$before = unwritten();
wait_for(10, sub { request('plain'); unwritten() == $before })
    or fail('writing works again');
is(request('plain'), 200, 'and so it goes on') for 1 .. 3;

my ($code, @found) = verify("$disk/audit");
is($code, 3, 'the log is not complete');
is_deeply([grep { $_ !~ /^(?:unwritten|broken)$/ } @found], [],
          'and nobody has touched it');
ok((grep { $_ eq 'unwritten' } @found), 'it says what was lost');

my @lines = read_lines("$disk/audit");
write_file("$keys/cut", grep { $_ ne $lines[1] } @lines);
($code, @found) = verify("$keys/cut");
is($code, 1, 'whoever takes one more is found');

done_testing;


sub request {
    my ($path) = @_;
    return $nginx->request('GET', "/rest/$path", token => $token)->{status};
}


sub unwritten {
    my $status = $nginx->request('GET', '/status?format=json')->{json};
    return $status->{audit_unwritten} // $status->{counters}{audit_unwritten};
}


sub verify {
    my ($file) = @_;

    my @said = map { $json->decode($_) }
        qx(./procore-scope audit verify --json --key $key $file);
    return ($? >> 8, map { $_->{found} // () } @said);
}


sub read_lines {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!";
    return <$in>;
}


# As much of it as there is room for.
sub write_file {
    my ($file, @lines) = @_;
    open my $out, '>', $file or die "$file: $!";
    syswrite $out, $_ for @lines;
    close $out;
}
