package Differential::World;

# Starts the Rails that reports and the gateway in front of it, with what the
# cases take for granted in its store.

use strict;
use warnings;

use Exporter 'import';
use File::Temp ();

use Procore::Test;
use Procore::Test::Host;
use Procore::Test::Process qw(free_port reap spawn wait_for);
use Procore::Test::Standin;
use Differential::Replay;

our @ISA = qw(Procore::Test::Standin);
our @EXPORT_OK = qw(replay);

use constant START_SECONDS => 60;    # a machine that is busy otherwise

my ($top) = __FILE__ =~ m{^(.*)/lib/Differential/World\.pm$};
my $rails;


# A replay with both processes running. Its Rails answers with an empty object
# to everything, so that List Companies is not to be filtered.
sub replay {
    $rails = __PACKAGE__->start_new;
    my $nginx = nginx(
        api => $rails->url, h2 => 1, lookup => 0, secrets => 0, start => 0,
        http => "large_client_header_buffers 4 128k;\n"
            . 'underscores_in_headers on;',
        server => 'procore_scope_filter_companies off;');
    $nginx->start;

    my $file = $nginx->dir . '/world.jsonl';
    Procore::Test::Host::write_file($file, join '',
                                    Differential::Replay::world_lines());
    my $tool = $ENV{TEST_PROCORE_SCOPE} || './procore-scope';
    my $said = qx($tool import --store @{[ $nginx->store ]} $file 2>&1);
    die "import: $said\n" if $?;
    return Differential::Replay->new(nginx => $nginx, rails => $rails);
}


# Instead of the stand-in, its Rails with other controllers.
sub start {
    my ($self) = @_;

    my $out = "$self->{dir}/out";
    $self->{pid} = spawn(out => $out, command => [
        "$top/run", '--port', $self->{port}, '--dir', $self->{dir}]);
    wait_for(START_SECONDS, sub {
        Procore::Test::Host::read_file($out) =~ /^ready$/m
            || reap($self->{pid}, 0)
    });
    my $said = Procore::Test::Host::read_file($out);
    die "Rails does not start: $said\n" unless $said =~ /^ready$/m;
    return;
}


END {
    my $status = $?;
    $rails->stop if $rails;
    $? = $status;
}


1;
