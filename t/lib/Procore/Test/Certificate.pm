package Procore::Test::Certificate;

# A certificate authority of a test, and what it signs.

use strict;
use warnings;

use Procore::Test::Host ();

use constant DAYS => 2;


# An authority whose files are in the folder. ca names its certificate.
sub authority {
    my ($class, $dir) = @_;

    my $self = bless { dir => $dir, ca => "$dir/ca.crt" }, $class;
    $self->openssl("req -x509 -newkey rsa:2048 -nodes -days @{[ DAYS ]}"
        . " -subj '/CN=Test CA' -keyout $dir/ca.key -out $self->{ca}");
    return $self;
}


sub ca { return $_[0]{ca} }


# A certificate with this common name, and alternative names where they are
# given ("DNS:localhost", "IP:127.0.0.1"). { cert => file, key => file }
sub issue {
    my ($self, $name, @alternatives) = @_;

    my $base = "$self->{dir}/$name";
    my $extensions = '';
    if (@alternatives) {
        Procore::Test::Host::write_file("$base.san",
            'subjectAltName=' . join(',', @alternatives) . "\n");
        $extensions = "-extfile $base.san";
    }
    $self->openssl("req -newkey rsa:2048 -nodes -subj '/CN=$name'"
        . " -keyout $base.key -out $base.csr");
    $self->openssl("x509 -req -in $base.csr -CA $self->{ca}"
        . " -CAkey $self->{dir}/ca.key -CAcreateserial -days @{[ DAYS ]}"
        . " $extensions -out $base.crt");
    return { cert => "$base.crt", key => "$base.key" };
}


sub openssl {
    my ($self, $command) = @_;

    my $log = "$self->{dir}/openssl.log";
    system("openssl $command 2>>$log") == 0
        or die 'openssl: ' . Procore::Test::Host::read_file($log);
    return;
}


1;
