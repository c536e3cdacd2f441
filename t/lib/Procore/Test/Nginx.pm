package Procore::Test::Nginx;

# A real nginx in a folder of its own.

use strict;
use warnings;

use parent 'Procore::Test::Host';

use File::Find ();
use File::Temp ();
use JSON::PP ();
use Test::More ();
use Time::HiRes qw(sleep);

use Procore::Test::Config ();
use Procore::Test::Host;
use Procore::Test::Process
    qw(alive free_port kill_group reap spawn spawn_orphan wait_for);

use constant {
    WAIT => 30,             # seconds for starts, reloads, ends: busy machines
    AUDIT_WAIT => 10,       # seconds until a record is written
    AUDIT_QUIET => 0.1,     # seconds without a new one
    SEARCH_BLOCK => 8_388_608,
    SEARCH_OVERLAP => 16_384,    # no secret is longer
};


# Makes the folder and the configuration; start runs it. Options: nginx() in
# Procore::Test.
sub prepare {
    my ($class, %opt) = @_;

    my $dir = $opt{dir} // File::Temp::tempdir(
        'procore-nginx-XXXXXX', TMPDIR => 1, CLEANUP => !$ENV{TEST_KEEP});
    my $self = bless {
        dir => $dir, port => $opt{port} // free_port(), opt => \%opt,
        h2_port => $opt{h2} ? free_port() : undef,
        store => $opt{store} // "$dir/store",
        expect => [ @{ $opt{expect} || [] } ], audit_mark => 0,
    }, $class;

    chmod 0755, $dir;    # the workers are another user
    for my $sub (qw(conf logs temp reports)) {
        mkdir "$dir/$sub";
    }
    chmod 01777, "$dir/reports";
    $self->write_conf;
    return $self;
}


# Writes the configuration anew with changed options; reload applies it.
sub write_conf {
    my ($self, %change) = @_;

    %{ $self->{opt} } = (%{ $self->{opt} }, %change);
    Procore::Test::Host::write_file("$self->{dir}/conf/nginx.conf",
        Procore::Test::Config::text($self, %{ $self->{opt} }));
    return;
}


sub dir { return $_[0]{dir} }
sub store { return $_[0]{store} }
sub binary { return $ENV{TEST_NGINX_BINARY} || '/usr/sbin/nginx' }


sub command {
    my ($self, @more) = @_;

    return (binary(), '-p', $self->{dir}, '-c', "$self->{dir}/conf/nginx.conf",
            @more);
}


# Sanitizers report into a folder that all may write, and nobody mistakes a
# module's own list of modules for nginx's.
sub environment {
    my ($self) = @_;

    my %env;
    for my $name (qw(ASAN UBSAN)) {
        my $given = $ENV{"${name}_OPTIONS"} // '';
        $env{"${name}_OPTIONS"} = join ':', grep { length }
            $name eq 'ASAN' ? 'detect_odr_violation=0' : '',
            $given =~ /log_path=/ ? ''
                : "log_path=$self->{dir}/reports/" . lc $name, $given;
    }
    $env{LD_PRELOAD} = $ENV{TEST_NGINX_PRELOAD} if $ENV{TEST_NGINX_PRELOAD};
    return \%env;
}


# "nginx -t": exit code and output.
sub config_test {
    my ($self) = @_;

    my $out = "$self->{dir}/conf/test.out";
    unlink $out;
    my $pid = spawn(command => [$self->command('-t')], out => $out,
                    env => $self->environment);
    reap($pid, WAIT) or die "nginx -t does not end\n";
    my $exit = $? >> 8;
    kill_group($pid);
    return ($exit, Procore::Test::Host::read_file($out));
}


sub start {
    my ($self) = @_;

    my $out = "$self->{dir}/logs/stderr.log";
    $self->{group} = spawn_orphan("$self->{dir}/nginx.pid", out => $out,
        command => [$self->command], env => $self->environment)
        or die 'nginx does not start: '
            . Procore::Test::Host::read_file($out) . $self->error_log . "\n";
    $self->{master} = $self->pid_file;

    my $want = $self->{opt}{workers} // 1;
    wait_for(WAIT, sub {
        eval { $self->connect->close; 1 }
            && @{ $self->pids->{workers} } >= $want
    }) or die 'nginx does not answer: ' . $self->error_log . "\n";
    return $self;
}


sub pid_file {
    my ($self) = @_;

    my $text = Procore::Test::Host::read_file("$self->{dir}/nginx.pid");
    return $text =~ /^(\d+)\n/ ? $1 : 0;
}


# {master => pid, workers => [pids], leaving => [pids], others => [pids]}:
# workers that shut down are leaving. A tool that runs nginx inside of itself
# hides its titles (TEST_NGINX_TITLES=0): then every child is a worker.
sub pids {
    my ($self) = @_;

    my %pids = (master => $self->{master},
                map { $_ => [] } qw(workers leaving others));
    for my $file (glob '/proc/[0-9]*/stat') {
        my $stat = Procore::Test::Host::read_file($file);
        my ($pid, $state, $parent) = $stat =~ /^(\d+) .*\) (\S) (\d+) /s
            or next;
        next if $parent != $self->{master} || $state =~ /[ZX]/;
        my $title = Procore::Test::Host::read_file("/proc/$pid/cmdline");
        my $kind = !($ENV{TEST_NGINX_TITLES} // 1) ? 'workers'
                 : $title !~ /worker process/ ? 'others'
                 : $title =~ /shutting down/ ? 'leaving' : 'workers';
        push @{ $pids{$kind} }, $pid;
    }
    return \%pids;
}


# True when fresh workers serve and the old ones take nothing new.
sub reload {
    my ($self, %change) = @_;

    $self->write_conf(%change) if %change;
    my %old = map { $_ => 1 } @{ $self->pids->{workers} };
    kill 'HUP', $self->{master};
    my $want = $self->{opt}{workers} // 1;
    return wait_for(WAIT, sub {
        my @now = @{ $self->pids->{workers} };
        return !grep({ $old{$_} } @now) && @now >= $want;
    });
}


# Kills one worker and waits for its successor; returns the pid killed.
sub kill_worker {
    my ($self, $signal, $pid) = @_;

    $signal //= 'KILL';
    my $before = $self->pids->{workers};
    $pid //= $before->[0];
    $self->expect(qr/worker process $pid exited/);
    kill $signal, $pid;
    wait_for(WAIT, sub {
        my @now = @{ $self->pids->{workers} };
        return !grep({ $_ == $pid } @now) && @now >= @$before;
    }) or die "no successor of worker $pid\n";
    return $pid;
}


# The power cut: master and workers at once, without a word.
sub kill9_all {
    my ($self) = @_;

    kill_group(delete $self->{group});
    unlink "$self->{dir}/nginx.pid";
    return;
}


# Binary upgrade: a new master and new workers take over.
sub upgrade {
    my ($self) = @_;

    my $old = $self->{master};
    kill 'USR2', $old;
    my $new = wait_for(WAIT, sub {
        my $pid = $self->pid_file;
        return $pid != $old ? $pid : 0;
    }) or die "no new master\n";

    $self->{master} = $new;
    my $want = $self->{opt}{workers} // 1;
    wait_for(WAIT, sub { @{ $self->pids->{workers} } >= $want })
        or die "no new workers\n";
    kill 'QUIT', $old;
    wait_for(WAIT, sub { !alive($old) }) or die "the old master stays\n";
    return $new;
}


# QUIT lets requests end, TERM does not. What does not end is killed and a
# failed test.
sub stop {
    my ($self, $signal) = @_;

    my $group = delete $self->{group} or return;
    kill $signal || 'QUIT', $self->{master};
    my $ended = wait_for(WAIT, sub { !alive($self->{master}) });
    Test::More::fail("nginx ends within @{[ WAIT ]} seconds") unless $ended;
    kill_group($group);
    return;
}


sub running { return defined $_[0]{group} }


sub error_log {
    my ($self) = @_;

    return Procore::Test::Host::read_file("$self->{dir}/logs/error.log");
}


# Lines of the error log to which the expression fits.
sub error_lines {
    my ($self, $expression) = @_;

    return grep { $_ =~ $expression } split /\n/, $self->error_log;
}


sub access_log {
    my ($self) = @_;

    return Procore::Test::Host::read_file("$self->{dir}/logs/access.log");
}


# All records of the audit, decoded, once there are at least that many.
sub audit {
    my ($self, $count) = @_;

    my @lines;
    wait_for(AUDIT_WAIT, sub {
        my $file = "$self->{dir}/logs/audit.log";
        @lines = Procore::Test::Host::read_file($file) =~ /(.*)\n/g;
        return @lines >= ($count // 0);
    });
    my $json = JSON::PP->new->utf8;
    return map {
        my $line = $_;
        eval { $json->decode($line) } // die "no JSON in the audit: $line\n";
    } @lines;
}


# The next records that were not asked for yet (one, unless told), in order;
# fewer when they do not come.
sub next_audit {
    my ($self, $count) = @_;

    $count //= 1;
    my @all = $self->audit($self->{audit_mark} + $count);
    my @new = splice @all, $self->{audit_mark}, $count;
    $self->{audit_mark} += @new;
    return wantarray ? @new : $new[0];
}


# The record of one decision, by its id ($request_id).
sub audit_of {
    my ($self, $id) = @_;

    my $record;
    wait_for(AUDIT_WAIT, sub {
        ($record) = grep { $_->{event}{id} eq $id } $self->audit;
        return defined $record;
    });
    return $record;
}


# The next record of that event.action: those before it are passed over.
sub next_action {
    my ($self, $action) = @_;

    while (my $record = $self->next_audit) {
        return $record if $record->{event}{action} eq $action;
    }
    return {};
}


# Passes over the records so far.  A record is written just after its answer:
# those that are on their way are waited for.
sub skip_audit {
    my ($self) = @_;

    my ($count, $before) = (-1, -2);
    while ($count != $before) {
        $before = $count;
        sleep AUDIT_QUIET;
        $count = () = $self->audit;
    }
    $self->{audit_mark} = $count;
    return;
}


# Puts records into the store as an operator would, with the command line:
# { access_token, client, company_id } and { project_id, company_id }.
sub import_records {
    my ($self, @records) = @_;

    my $json = JSON::PP->new->canonical->utf8;
    my ($exit, $output) = $self->tool(
        'import', join '', map { $json->encode($_) . "\n" } @records);
    die "import: $output" if $exit;
    return;
}


# Ends the binding of a token.
sub end_binding {
    my ($self, $token) = @_;

    my ($exit, $output) = $self->tool('end', $token);
    die "end: $output" if $exit;
    return;
}


# Runs a command of procore-scope on this store, with that standard input.
sub tool {
    my ($self, $command, $input, @arguments) = @_;

    my $tool = $ENV{TEST_PROCORE_SCOPE} || './procore-scope';
    my $file = File::Temp->new;
    print {$file} $input;
    close $file or die "$file: $!";
    my @command = ($tool, $command, '--store', $self->{store}, @arguments);
    push @command, '-' if $command eq 'import';
    my $output = qx(@command < $file 2>&1);
    return ($? >> 8, $output);
}


# Every file that nginx wrote: all but the configuration.
sub files {
    my ($self) = @_;

    my @found;
    my @roots = grep { -e } map { "$self->{dir}/$_" } qw(logs temp reports);
    push @roots, glob "$self->{store}*";
    File::Find::find({ no_chdir => 1, wanted => sub { push @found, $_ if -f } },
                     @roots);
    my @sorted = sort @found;
    return @sorted;
}


# Says which lines at alert, emerg or crit are meant to come.
sub expect {
    my ($self, @expressions) = @_;

    push @{ $self->{expect} }, @expressions;
    return;
}


# A test: no line at alert, emerg or crit, no crash, no sanitizer's report.
sub assert_clean {
    my ($self) = @_;

    my @bad = grep {
        my $line = $_;
        $line =~ /\[(alert|emerg|crit)\]|exited on signal/
            && !grep { $line =~ $_ } @{ $self->{expect} };
    } split /\n/, $self->error_log;
    for my $file (glob "$self->{dir}/reports/*") {
        push @bad, "$file: " . Procore::Test::Host::read_file($file);
    }
    push @bad, Procore::Test::Host::read_file("$self->{dir}/logs/stderr.log")
        =~ /(.*(?:Sanitizer|runtime error).*)/g;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::is(join("\n", @bad), '',
                          'nginx has nothing to complain of');
}


# A test: none of the secrets stands in a file that nginx wrote.
sub assert_no_secrets {
    my ($self, @secrets) = @_;

    my @found = $self->find_bytes(@secrets);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::is(join("\n", @found), '', scalar(@secrets)
        . ' secrets are in no file that nginx wrote');
}


# "file: the bytes" for each of the strings that a file holds.
sub find_bytes {
    my ($self, @strings) = @_;

    my $any = join '|', map { quotemeta }
        grep { defined && length } @strings;
    return () unless length $any;

    my %found;
    for my $file ($self->files) {
        open my $fh, '<:raw', $file or next;
        my $block = '';
        while (read $fh, $block, SEARCH_BLOCK, length $block) {
            $found{"$file: $1"} = 1 while $block =~ /($any)/g;
            $block = substr $block, -SEARCH_OVERLAP()
                if length $block > SEARCH_OVERLAP;
        }
    }
    my @sorted = sort keys %found;
    return @sorted;
}


1;
