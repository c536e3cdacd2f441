#!/usr/bin/perl

# Hostile and honest requests, byte by byte: what nobody may see upstream does
# not arrive there, and what is honest arrives. Judged by what the upstream
# received, not by the answer.

use Procore::Test;

use JSON::PP qw(decode_json);
use MIME::Base64 qw(decode_base64);

use constant {
    OWN => '562949953421312',
    FOREIGN => qr/598134325779301|\b2002\b|OTHERTOKEN/,
    SECONDS => 4,
};

my $upstream = upstream();
my $nginx = nginx(
    api => $upstream->url, h2 => 1, lookup => 0, start => 0,
    secrets => 0, expect => [],
);

$nginx->start;
$nginx->import_records(
    { access_token => 'OWNTOKEN', client => 'test', company_id => 0 + OWN },
    { project_id => 1001, company_id => 0 + OWN },
    { project_id => 2002, company_id => 598134325779301 },
);

open my $cases, '<', 't/data/evasion.jsonl' or die "t/data/evasion.jsonl: $!";

my ($seen, %wrong) = (0);

while (my $line = <$cases>) {
    my $case = decode_json($line);
    my $bytes = decode_base64($case->{raw_b64});

    send_raw($case->{category} eq 'h2' ? $nginx->h2_port : $nginx->port,
             $bytes);

    my @arrived = arrived();
    my @foreign = grep { $_ =~ FOREIGN } @arrived;
    my $name = "$case->{id} $case->{description}";

    if ($case->{expect} eq 'deny') {
        my $passed = $case->{category} eq 'conn' ? @foreign : @arrived;
        ok(!$passed, "refused: $name") or diag($case->{why}, "\n@arrived");

    } elsif ($case->{expect} eq 'allow') {
        ok(@arrived > 0, "passed: $name") or diag($nginx->error_log =~ /
            .*\n(.*procore_scope:.*)\n\z/x ? $1 : '');

    } else {
        pass("either way: $name");
    }
}

done_testing;



# Sends the bytes and waits until nginx has nothing more to say.
sub send_raw {
    my ($port, $bytes) = @_;

    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 5)
        or die "connect: $@";
    syswrite $socket, $bytes;

    my $end = Time::HiRes::time() + SECONDS;
    my $quiet = $port == $nginx->h2_port ? 0.3 : SECONDS;
    while (Time::HiRes::time() < $end) {
        last unless IO::Select->new($socket)->can_read($quiet);
        last unless sysread $socket, my $buffer, 65_536;
    }
    close $socket;
    return;
}


# What has come upstream since the last call.
sub arrived {
    my @requests = $upstream->requests;
    my @new = @requests[$seen .. $#requests];
    $seen = @requests;
    return @new;
}
