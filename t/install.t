#!/usr/bin/perl

# "make install" and "make uninstall": each file in its place, usable from
# there, and nothing else touched. The manual pages, and what "config" builds.

use strict;
use warnings;

use File::Find ();
use File::Temp qw(tempdir);
use Test::More;

my $root = tempdir(CLEANUP => 1);
my $module = 'ngx_http_procore_scope_module.so';

# The test itself runs below make, whose jobs and names are not this one's.
delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS DESTDIR PREFIX BINDIR MANDIR DOCDIR
               MODULESDIR NGINX)};


# Exit code and output of a command.
sub run {
    my (@command) = @_;

    my $pid = open(my $fh, '-|') // die "fork: $!";
    if (!$pid) {
        open(STDERR, '>&', \*STDOUT);
        exec(@command) or exit 127;
    }
    my $out = do { local $/; <$fh> } // '';
    close($fh);
    return ($? >> 8, $out);
}

# Runs make; fails with what it said.
sub make_ok {
    my ($name, @arguments) = @_;

    my ($code, $out) = run('make', '--no-print-directory', @arguments);
    is($code, 0, $name) or diag($out);
}

# Path below the folder to mode, of all files.
sub files {
    my ($dir) = @_;
    my %found;

    File::Find::find({ no_chdir => 1, wanted => sub {
        $found{substr($_, length($dir))} = sprintf('%o', (stat)[2] & 07777)
            if -f;
    } }, $dir);
    return \%found;
}

sub slurp {
    my ($file) = @_;

    open(my $fh, '<', $file) or die "$file: $!";
    local $/;
    return scalar <$fh>;
}

sub spew {
    my ($file, $text) = @_;

    open(my $fh, '>', $file) or die "$file: $!";
    print $fh $text;
    close($fh) or die "$file: $!";
}

# What has to be there, by the folders of bin, man, doc and modules.
sub expected {
    my ($bin, $man, $doc, $modules, $share) = @_;

    return {
        "$modules/$module" => '644', "$bin/procore-scope" => '755',
        "$share/bash-completion/completions/procore-scope" => '644',
        (map { $_ => '644' }
            "$doc/LICENSE", "$doc/CHANGES", "$doc/README.md", "$doc/site.conf",
            (map { "$doc/$_" } grep { -f && !m{^docs/man/} }
                glob('docs/* docs/*/* docs/*/*/*')),
            (map { m{([^/]*\.(\d))$}; "$man/man$2/$1" } glob('docs/man/*'))),
    };
}

# nginx -t on the example site, with folders and hosts of this machine.
sub site_loads {
    my ($name, $site, $so) = @_;
    my $dir = tempdir(DIR => $root);
    my $text = slurp($site);

    $text =~ s{/var/(?:lib|log)/nginx(?:/procore-scope(?=/))?}{$dir}g;
    $text =~ s{https://(?:api|login)\.procore\.com(?=/?;)}{https://127.0.0.1}g;
    spew("$dir/site.conf", $text);
    spew("$dir/nginx.conf", "load_module $so;\npid $dir/pid;\nevents {}\n"
        . "http {\n"
        . join('', map { "${_}_temp_path $dir/$_;\n" }
               qw(client_body proxy fastcgi uwsgi scgi))
        . "include $dir/site.conf;\n}\n");

    my ($code, $out) = run('/usr/sbin/nginx', '-t', '-c', "$dir/nginx.conf",
                           '-e', "$dir/error.log");
    is($code, 0, $name) or diag($out);
}


subtest 'by default' => sub {
    my $dest = "$root/by default";
    my ($modules) =
        (run('/usr/sbin/nginx', '-V'))[1] =~ /--modules-path=(\S+)/;
    my $local = '/usr/local';

    make_ok('installs', 'install', "DESTDIR=$dest");
    is_deeply(files($dest),
              expected("$local/bin", "$local/share/man",
                       "$local/share/doc/procore-scope", $modules,
                       "$local/share"),
              'each file in its place, and no other');

    my ($code, $out) = run("$dest$local/bin/procore-scope", '--version');
    is($code, 0, 'the command line runs from there');
    like($out, qr/^procore-scope \d+\.\d+\.\d+$/, 'and tells its version');

    site_loads('the module and the example site load',
               "$dest$local/share/doc/procore-scope/site.conf",
               qq{"$dest$modules/$module"});
    like(slurp("$dest$local/share/doc/procore-scope/site.conf"),
         qr/^ *procore_scope monitor;$/m, 'the example site refuses nothing');

    my $inode = (stat "$dest$modules/$module")[1];
    open(my $mapped, '<', "$dest$modules/$module") or die;
    make_ok('installs again', 'install', "DESTDIR=$dest");
    isnt((stat "$dest$modules/$module")[1], $inode,
         'the old file stays whole for a running nginx');

    spew("$dest$local/share/doc/procore-scope/mine", '');
    spew("$dest$modules/ngx_other_module.so", '');
    make_ok('uninstalls', 'uninstall', "DESTDIR=$dest");
    is_deeply([sort keys %{files($dest)}],
              [sort "$local/share/doc/procore-scope/mine",
                    "$modules/ngx_other_module.so"],
              'what was not installed stays, and nothing else');
    make_ok('uninstalls what is not there', 'uninstall', "DESTDIR=$dest");
};


subtest 'one version' => sub {
    my ($version) = (run('./procore-scope', '--version'))[1] =~ /(\d\S+)/;

    like(slurp('CHANGES'), qr/\A\s*Changes with .* \Q$version\E\n/,
         'CHANGES begins with the version of the command line');
    like(slurp('debian/changelog'), qr/\A\S+ \(\Q$version\E\) /,
         'so do the packages');
};


subtest 'where one wants it' => sub {
    my $dest = "$root/dest";
    my @where = ("DESTDIR=$dest", 'PREFIX=/opt/gate', 'BINDIR=/opt/sbin',
                 'MODULESDIR=/opt/nginx/modules', 'MANDIR=/opt/man');

    make_ok('installs', 'install', @where);
    is_deeply(files($dest),
              expected('/opt/sbin', '/opt/man',
                       '/opt/gate/share/doc/procore-scope',
                       '/opt/nginx/modules', '/opt/gate/share'),
              'each file in its place, and no other');
    make_ok('uninstalls', 'uninstall', @where);
    is_deeply(files($dest), {}, 'nothing is left');
    ok(!-e "$dest/opt/gate/share/doc/procore-scope", 'nor the documents\' own '
       . 'folder');
};


subtest 'an nginx that does not tell where its modules are' => sub {
    my ($code, $out) = run('make', 'install', "DESTDIR=$root/none",
                           'NGINX=/bin/true');
    isnt($code, 0, 'nothing is guessed');
    like($out, qr/set MODULESDIR=/, 'and it is said what to do');
    ok(!-e "$root/none", 'nothing is installed');
};


subtest 'manual pages' => sub {
    for my $page (glob('docs/man/*')) {
        my ($code, $out) = run('mandoc', '-T', 'lint', '-W', 'warning', $page);
        is($out, '', "$page: no warning");
        is($code, 0, "$page: well-formed");
    }

    # each option and command of the help stands in the page

    my (undef, $help) = run('./procore-scope', '--help');
    my (undef, $page) = run('mandoc', '-T', 'ascii', 'docs/man/procore-scope.1');
    $page =~ s/.\x08//g;

    my %words = map { $_ => 1 } $help =~ /(?<![\w-])(--[a-z][a-z-]+)/g,
        $help =~ /procore-scope ([a-z]+)/g;
    ok(keys %words > 5, 'the help names commands and options');
    is(join(' ', grep { $page !~ /(?<![\w-])\Q$_\E(?![\w-])/ }
                 sort keys %words),
       '', 'docs/man/procore-scope.1 lacks none of them');
};


subtest 'what config builds' => sub {
    my @tree = glob('*.c src/*/*.c');
    my $top = (run('pwd'))[1] =~ s/\n//r;
    my %built = map { $_ => 1 }
        grep { !m{^build/} }
        map { s{^\Q$top\E/}{}r }
        slurp('build/nginx/objs/Makefile') =~ m{(\Q$top\E/\S+\.c)\b}g;

    is_deeply([sort keys %built], [sort @tree],
              'each source, and nothing else');
};


done_testing();
