package Procore::Test::Node;

# Programs of a test that run in node with pinned packages of npm.

use strict;
use warnings;

use Exporter 'import';
use File::Path qw(make_path);
use File::Temp ();
use JSON::PP ();

use Procore::Test::Host;

our @EXPORT_OK = qw(node);

my ($tests) = __FILE__ =~ m{^(.*)/lib/Procore/Test/Node\.pm$};


# Runs t/$folder/$script with $data as JSON on its standard input and the
# packages of that folder's lock file; returns the JSON that it prints.
sub node {
    my ($folder, $script, $data) = @_;

    my $modules = install($folder);
    my $dir = File::Temp->newdir;
    my $json = JSON::PP->new->utf8->canonical;
    Procore::Test::Host::write_file("$dir/in", $json->encode($data));

    local $ENV{NODE_PATH} = $modules;
    my $exit = system("node $tests/$folder/$script"
                      . " < $dir/in > $dir/out 2> $dir/err");
    my $said = Procore::Test::Host::read_file("$dir/out");
    return eval { $json->decode($said) } // die "$script: exit $exit: $said"
        . Procore::Test::Host::read_file("$dir/err");
}


# Installs the pinned packages below build/, unless they are there; returns
# the folder of the modules.
sub install {
    my ($folder) = @_;

    my $build = "$tests/../build/$folder";
    my $lock = "$tests/$folder/package-lock.json";
    my $wanted = Procore::Test::Host::read_file($lock);
    my $modules = "$build/node_modules";
    my $stamp = "$build/installed";
    return $modules if length $wanted
        && Procore::Test::Host::read_file($stamp) eq $wanted;

    make_path($build);
    for my $name (qw(package.json package-lock.json)) {
        Procore::Test::Host::write_file("$build/$name",
            Procore::Test::Host::read_file("$tests/$folder/$name"));
    }
    my $said = qx(npm ci --prefix $build --ignore-scripts --no-audit \\
                  --no-fund 2>&1);
    die "npm ci: $said\n" if $?;
    Procore::Test::Host::write_file($stamp, $wanted);
    return $modules;
}


1;
