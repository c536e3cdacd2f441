package Procore::Test::Host;

# What a test can send requests to: an nginx or the stand-in.

use strict;
use warnings;

use File::Temp ();
use JSON::PP ();

use Procore::Test::HTTP ();


# The port for ordinary requests and, for an nginx, the one for HTTP/2.
sub port { return $_[0]{port} }
sub h2_port { return $_[0]{h2_port} }

sub url {
    my ($self, $target) = @_;

    return ($self->{tls} ? 'https' : 'http') . '://127.0.0.1:' . $self->port
        . ($target // '');
}


# One request on a connection of its own. Options: Procore::Test::HTTP.
sub request {
    my ($self, $method, $target, %opt) = @_;

    return $self->curl($method, $target, %opt) if $self->{tls};

    my $connection = $self->connect;
    my $response = $connection->request($method, $target, %opt);
    $connection->close;
    return $response;
}


# A connection for several requests; give each the option keep => 1.
sub connect {
    my ($self) = @_;

    return Procore::Test::HTTP->connect('127.0.0.1', $self->port);
}


# The same request over HTTP/2 without TLS.
sub h2 {
    my ($self, $method, $target, %opt) = @_;

    die "no HTTP/2 port: nginx(h2 => 1)\n" unless $self->h2_port;
    return $self->curl($method, $target, %opt, h2 => 1);
}


# Sends what Procore::Test::HTTP would, by way of curl.
sub curl {
    my ($self, $method, $target, %opt) = @_;

    my ($head, @pieces) = Procore::Test::HTTP::build($method, $target, %opt);
    my $headers = Procore::Test::HTTP::parse_head($head)->{headers};
    my $dir = File::Temp->newdir;
    my $base = $opt{h2} ? 'http://127.0.0.1:' . $self->h2_port : $self->url;

    my @command = ('curl', '-sS', '--path-as-is', '--globoff',
                   '--max-time', $opt{timeout} || 15, '-X', $method,
                   '-D', "$dir/head", '-o', "$dir/body");
    push @command, '--http2-prior-knowledge' if $opt{h2};
    push @command, '--cacert', $self->{tls}{ca} if $self->{tls};
    push @command, '-I' if $method eq 'HEAD';
    push @command, '-H', 'Expect:', '-H', 'User-Agent:', '-H', 'Accept:';
    for my $header (@$headers) {
        next if $header->[0] =~ /^(Connection|Content-Length|Transfer-Enc)/i;
        push @command, '-H', length $header->[1] ? join(': ', @$header)
                                                 : "$header->[0];";
    }
    if (@pieces) {
        my (undef, $body) = Procore::Test::HTTP::body_of(%opt);
        $body = join '', @{ $opt{pieces} } if $opt{pieces};
        write_file("$dir/sent", $body);
        push @command, '--data-binary', "\@$dir/sent";
        push @command, '-H', 'Content-Length:' if $opt{chunked};
        push @command, '-H', 'Content-Type:'
            unless grep { lc $_->[0] eq 'content-type' } @$headers;
    }

    my $exit = system(@command, '--stderr', "$dir/err", $base . $target) >> 8;
    return response($dir, $exit);
}


sub response {
    my ($dir, $exit) = @_;

    my @heads = grep { length } split /(?<=\r\n\r\n)/, read_file("$dir/head");
    my $response = Procore::Test::HTTP::parse_head($heads[-1] // '');
    $response->{body} = read_file("$dir/body");
    $response->{json} = eval { JSON::PP->new->utf8->allow_nonref
                                       ->decode($response->{body}) };
    $response->{complete} = $exit == 0 ? 1 : 0;
    $response->{error} = read_file("$dir/err");
    $response->{raw} = join '', @heads, $response->{body};
    return $response;
}


sub read_file {
    my ($file) = @_;

    open my $fh, '<:raw', $file or return '';
    local $/;
    return scalar(<$fh>) // '';
}


sub write_file {
    my ($file, $text) = @_;

    open my $fh, '>:raw', $file or die "$file: $!";
    print {$fh} $text;
    close $fh or die "$file: $!";
    return;
}


1;
