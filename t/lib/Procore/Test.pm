package Procore::Test;

# What every t/*.t uses. It gives all of Test::More, a real nginx, the
# stand-in Procore and an app's part of OAuth. Nothing outlives the test.
# t/README.md shows it in use.

use strict;
use warnings;

use Exporter ();
use Test::More import => ['!done_testing'];

use Procore::Test::HTTP qw(encode_form encode_multipart percent);
use Procore::Test::Nginx;
use Procore::Test::OAuth qw(authorize authorize_code refresh remember revoke
                            secrets token_request world);
use Procore::Test::Process qw(free_port wait_for);
use Procore::Test::Standin;
use Procore::Test::Upstream;

our @EXPORT = (
    grep({ $_ ne 'done_testing' && $_ ne '$TODO' } @Test::More::EXPORT),
    qw(authorize authorize_code bind_token config_ok config_test done_testing
       encode_form encode_multipart free_port nginx percent refresh remember
       revoke secrets standin token_request upstream wait_for world));

# Seconds for a whole test file. The sanitizers and valgrind need more.
use constant DEFAULT_TIMEOUT => 300;

my (@nginxes, $standin, @others);


sub import {
    my ($class) = @_;

    strict->import;
    warnings->import;
    $SIG{PIPE} = 'IGNORE';
    $SIG{$_} = \&interrupted for qw(INT TERM HUP);
    $SIG{ALRM} = \&out_of_time;
    alarm($ENV{TEST_TIMEOUT} || DEFAULT_TIMEOUT);

    goto &Exporter::import;
}


# exit, and not die: an eval of the test must not swallow these.
sub out_of_time {
    Test::More::diag('out of time: ' . ($ENV{TEST_TIMEOUT} || DEFAULT_TIMEOUT)
        . ' seconds (TEST_TIMEOUT)');
    exit 254;
}


sub interrupted {
    exit 255;
}


# The stand-in of this test, started when it is first asked for. With
# options, another one (tls => 1).
sub standin {
    my (%opt) = @_;

    if (%opt) {
        push @others, Procore::Test::Standin->start_new(%opt);
        return $others[-1];
    }
    return $standin //= Procore::Test::Standin->start_new;
}


# An upstream that keeps the bytes it gets (answer => bytes).
sub upstream {
    my (%opt) = @_;

    push @others, Procore::Test::Upstream->start_new(%opt);
    return $others[-1];
}


# A running nginx. Options:
#   mode             enforce
#   module           1; 0: without the module and its directives
#   workers          1
#   h2               true: a second port for HTTP/2 without TLS
#   main, events, http, server   text added to these blocks
#   location, oauth, lookup_location
#                    text added to "/", "/oauth/", "/_procore/"
#   locations, servers           further blocks
#   authorize        true: the relay, with a callback here; or the callback
#   clients          [name or {app => name, company => [...], ...}, ...]: apps
#                    of the relay, see client() in Config.pm; crm with authorize
#   bare             true: none of the three locations
#   lookup           1; 0: no lookup location
#   no_store         true: no procore_scope_store
#   conf             the whole configuration
#   api, login       base URLs; the stand-in's
#   store, dir, port instead of fresh ones
#   user             nobody nogroup (when run as root)
#   log_level        info
#   expect           [qr/.../]: alerts that are meant to come
#   secrets          1; 0: no search for secrets at the end
#   start            1; 0: only prepared
# In all text, %%PORT%%, %%H2PORT%%, %%DIR%%, %%STORE%%, %%API%% and
# %%LOGIN%% stand for those of this nginx.
sub nginx {
    my (%opt) = @_;

    $opt{module} //= 1;
    $opt{api} //= standin()->url;
    my $nginx = Procore::Test::Nginx->prepare(%opt);
    push @nginxes, $nginx;
    $nginx->start if $opt{start} // 1;
    return $nginx;
}


# "nginx -t" with these options of nginx(): exit code and output.
sub config_test {
    my (%opt) = @_;

    # Nothing is asked of this address: port 9 is "discard".
    return Procore::Test::Nginx->prepare(
        module => 1, api => 'http://127.0.0.1:9', %opt)->config_test;
}


# A test: "nginx -t" accepts it without a word beyond its usual two lines.
sub config_ok {
    my ($name, %opt) = @_;

    my ($exit, $output) = config_test(%opt);
    $output =~ s/^nginx: (?:the )?configuration file .*\n//mg;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::is("$exit $output", '0 ', $name);
}


# A fresh token, bound by naming a company with the token request.
sub bind_token {
    my ($to, %opt) = @_;

    return Procore::Test::OAuth::bind_token($to, standin(), %opt);
}


# Ends every nginx, looks at what it left behind, and ends the test.
sub done_testing {
    for my $nginx (@nginxes) {
        next unless -d $nginx->dir;
        $nginx->stop;
        $nginx->assert_clean;
        $nginx->assert_no_secrets(secrets())
            if $nginx->{opt}{module} && ($nginx->{opt}{secrets} // 1);
    }
    return Test::More::done_testing();
}


END {
    my $status = $?;
    alarm 0;
    for my $process (@nginxes, $standin, @others) {
        next unless $process;
        $process->isa('Procore::Test::Nginx')
            ? $process->running && $process->kill9_all : $process->stop;
    }
    $? = $status;
}


1;
