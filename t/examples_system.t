#!/usr/bin/perl

# The examples for what surrounds nginx: systemd, AppArmor, SELinux, containers.
# The tools of each read them; where a tool is missing, its part is skipped.

use Procore::Test;

use File::Copy qw(copy);
use File::Temp ();
use POSIX ();

use Procore::Test::Example;
use Procore::Test::Host ();

my $examples = 'docs/examples';

# Where Debian keeps what a user's PATH may not have.
$ENV{PATH} .= ':/usr/sbin:/sbin';


# Runs a command; its exit code and output.
sub run {
    my (@command) = @_;

    my $out = File::Temp->new;
    my $pid = fork() // die "fork: $!";
    if ($pid == 0) {
        open STDOUT, '>&', $out;
        open STDERR, '>&', $out;
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    return ($? >> 8, Procore::Test::Host::read_file("$out"));
}


sub have {
    my ($tool) = @_;

    return grep { -x "$_/$tool" } split /:/, $ENV{PATH};
}


# A copy of an example with a line that is wrong: a tool that takes this too
# has read neither.
sub broken {
    my ($file, $line) = @_;

    my $copy = File::Temp->new(SUFFIX => $file =~ /(\.\w+)$/ ? $1 : '');
    print {$copy} Procore::Test::Example::content("$examples/$file"), $line;
    close $copy or die "$copy: $!";
    return $copy;
}


subtest 'systemd' => sub {
    my $unit = '/lib/systemd/system/nginx.service';
    plan skip_all => 'no systemd-analyze or no nginx.service'
        unless have('systemd-analyze') && -e $unit;

    my $analyze = sub {
        my ($drop_in, @what) = @_;
        my $dir = File::Temp->newdir;
        mkdir "$dir/nginx.service.d";
        copy($unit, "$dir/nginx.service") or die "$unit: $!";
        copy("$drop_in", "$dir/nginx.service.d/procore-scope.conf")
            or die "$drop_in: $!";
        local $ENV{SYSTEMD_UNIT_PATH} = "$dir:";
        return run('systemd-analyze', @what, "$dir/nginx.service");
    };
    my $drop_in = "$examples/systemd/procore-scope.conf";
    my ($exit, $output) = $analyze->($drop_in, 'verify');
    is("$exit $output", '0 ', 'the drop-in is right');

    ($exit, $output) = $analyze->(
        broken('systemd/procore-scope.conf', "NoSuchThing=yes\n"), 'verify');
    like($output, qr/NoSuchThing/, 'a wrong one would be told');

    ($exit, $output) = $analyze->($drop_in, 'security', '--offline=true',
                                  '--no-pager', '--threshold=30');
    is($exit, 0, 'exposed by 3.0 at most') or diag($output);
};


# A container may have no AppArmor in its kernel: -Q needs none.
subtest 'AppArmor' => sub {
    plan skip_all => 'no apparmor_parser' unless have('apparmor_parser');

    my @read = qw(apparmor_parser -Q -K);
    my ($exit, $output) = run(@read, "$examples/apparmor/usr.sbin.nginx");
    is($exit, 0, 'the profile is right') or diag($output);

    my $wrong = broken('apparmor/usr.sbin.nginx', "profile x { nonsense }\n");
    ($exit) = run(@read, "$wrong");
    isnt($exit, 0, 'a wrong one would be told');
};


subtest 'SELinux' => sub {
    plan skip_all => 'no checkmodule' unless have('checkmodule');

    my $dir = File::Temp->newdir;
    my ($exit, $output) = run('checkmodule', '-M', '-m', '-o',
        "$dir/procore_scope.mod", "$examples/selinux/procore_scope.te");
    is($exit, 0, 'the module compiles') or diag($output);

    my $wrong = broken('selinux/procore_scope.te',
                       "allow httpd_t nobody_t:file read;\n");
    ($exit) = run('checkmodule', '-M', '-m', '-o', "$dir/wrong.mod", "$wrong");
    isnt($exit, 0, 'a wrong one would be told');

    SKIP: {
        skip 'no semodule_package', 1 unless have('semodule_package');
        ($exit, $output) = run('semodule_package',
            '-o', "$dir/procore_scope.pp", '-m', "$dir/procore_scope.mod",
            '-f', "$examples/selinux/procore_scope.fc");
        is($exit, 0, 'and is packed with its files') or diag($output);
    }
};


# No container is started here: that needs a daemon. What its files say to each
# other is looked at, and nginx runs with the configuration in t/examples.t.
subtest 'a container' => sub {
    my $conf = Procore::Test::Example::content(
        "$examples/container/gateway.conf");
    my $docker = Procore::Test::Example::content(
        "$examples/container/Dockerfile");
    my $compose = Procore::Test::Example::yaml(
        "$examples/container/compose.yaml");
    my $service = $compose->{services}{gateway};

    my %mounted = map { (split /:/)[1, 0] } @{ $service->{volumes} };
    my ($store) = $conf =~ m{^procore_scope_store (/\S+)/[^/]+;$}m;
    ok($mounted{ $store // '' }, 'the store is on a volume');
    my ($audit) = $conf =~ m{access_log (/\S+)/[^/]+ procore }m;
    ok($mounted{ $audit // '' }, 'so is the audit');
    ok(exists $compose->{volumes}{$_}, "volume $_") for values %mounted;

    my %secret = map { $_->{target} => $_ } @{ $service->{secrets} };
    for my $file ($conf =~ m{(/run/secrets/[\w.]+)}g) {
        ok($secret{$file}, "$file is mounted");
        is($secret{$file}{mode}, oct 400, 'for its owner to read')
            if $secret{$file};
        ok($compose->{secrets}{ $secret{$file}{source} // '' }{file},
           'from a file');
    }

    is($service->{deploy}{replicas}, 1, 'one owner');
    is($service->{deploy}{update_config}{order}, 'stop-first', 'at a time');
    ok($service->{read_only}, 'nothing else can be written');
    is_deeply($service->{cap_drop}, ['ALL'], 'no right but those that are told');

    $docker =~ s/\\\n//g;
    my @words = $docker =~ /^(\w+) /mg;
    is_deeply([grep { !/^(?:FROM|COPY|RUN|VOLUME|EXPOSE|STOPSIGNAL|HEALTHCHECK
                            |CMD)$/x } @words], [], 'the Dockerfile\'s words');
    my ($port, $path) = $docker =~ m{curl .*?127\.0\.0\.1:(\d+)(/\w+)};
    like($conf, qr/listen 127\.0\.0\.1:$port;\s+location = $path \{/,
         'the health check asks for what is there');
    is((split /:/, $service->{ports}[0])[1], ($conf =~ /listen (\d+) ssl/)[0],
       'the port that nginx listens on');
};


done_testing();
