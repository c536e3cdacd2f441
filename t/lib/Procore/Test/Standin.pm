package Procore::Test::Standin;

# The stand-in Procore as a process of the test.

use strict;
use warnings;

use parent 'Procore::Test::Host';

use File::Temp ();
use JSON::PP ();

use Procore::Test::Certificate ();
use Procore::Test::Host;
use Procore::Test::OAuth ();
use Procore::Test::Process qw(free_port kill_group reap spawn wait_for);

use constant START_SECONDS => 60;    # a machine that is busy otherwise

my ($top) = __FILE__ =~ m{^(.*)/lib/Procore/Test/Standin\.pm$};


# Options: tls => 1 for https with a certificate of a CA of its own
# ($standin->ca names its file).
sub start_new {
    my ($class, %opt) = @_;

    my $self = bless {
        dir => File::Temp::tempdir('procore-standin-XXXXXX', TMPDIR => 1,
                                   CLEANUP => !$ENV{TEST_KEEP}),
        port => free_port(),
    }, $class;
    $self->{tls} = certificate($self->{dir}) if $opt{tls};
    $self->start;
    return $self;
}


# Starts it, again on the same port with the same tokens after stop.
sub start {
    my ($self) = @_;

    my $out = "$self->{dir}/out";
    unlink $out;
    my @tls = $self->{tls} ? ('--tls-cert', $self->{tls}{cert},
                              '--tls-key', $self->{tls}{key}) : ();
    $self->{pid} = spawn(out => $out, command => [
        "$top/procore/run", '--port', $self->{port}, '--dir', $self->{dir},
        @tls]);
    wait_for(START_SECONDS, sub {
        Procore::Test::Host::read_file($out) =~ /^ready$/m
            || reap($self->{pid}, 0)
    });
    my $said = Procore::Test::Host::read_file($out);
    die "the stand-in does not start: $said\n" unless $said =~ /^ready$/m;
    return;
}


sub stop {
    my ($self) = @_;

    my $pid = delete $self->{pid} or return;
    kill 'TERM', $pid;
    reap($pid, 5);
    kill_group($pid);
    return;
}


sub ca { return $_[0]{tls}{ca} }


sub control {
    my ($self, $method, $path, $data) = @_;

    my $response = $self->request($method, $path,
                                  defined $data ? (json => $data) : ());
    die "$method $path: $response->{status} $response->{body}\n"
        unless $response->{status} == 200;
    return $response->{json};
}


# {client id => [company ids]}, in order.
sub installed {
    my ($self) = @_;

    my $all = $self->control('GET', '/__installed');
    delete $all->{attempts};
    return $all;
}


# {client id => {company id => how often}} where installing was forbidden.
sub attempts {
    my ($self) = @_;

    return $self->control('GET', '/__installed')->{attempts};
}


# The requests that arrived, oldest first, as t/README.md describes them.
sub requests {
    my ($self) = @_;

    return @{ $self->control('GET', '/__requests')->{requests} };
}


# Rules for misbehaviour; none at all takes them away.
sub behave {
    my ($self, @rules) = @_;

    return $self->control('PUT', '/__behaviour', \@rules);
}


# Forgets installations, requests and rules, and gives new tokens again.
sub reset {
    my ($self) = @_;

    $self->control('DELETE', "/__$_")
        for qw(installed requests behaviour reuse);
    return;
}


# Makes an access token expire.
sub expire {
    my ($self, $token) = @_;

    return $self->control('PUT', '/__expired', { access_token => $token });
}


# Registers one more redirect URI for a client of world.json.
sub register {
    my ($self, $client, $uri) = @_;

    my $id = Procore::Test::OAuth::world()->{clients}{$client}{id};
    return $self->control('PUT', '/__redirect',
                          { client => $id, redirect_uri => $uri });
}


# From now on a user's living token of an app is handed out again.
sub reuse_tokens {
    my ($self) = @_;

    return $self->control('PUT', '/__reuse');
}


# A CA and a certificate for 127.0.0.1 and localhost.
sub certificate {
    my ($dir) = @_;

    my $authority = Procore::Test::Certificate->authority($dir);
    return { ca => $authority->ca,
             %{ $authority->issue('localhost', 'IP:127.0.0.1',
                                  'DNS:localhost') } };
}


1;
