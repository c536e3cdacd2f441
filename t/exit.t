#!/usr/bin/perl

# A worker that ends: its threads may end after the module has been unloaded.
# A small library between nginx and the C library holds both back, so that they
# always do.

use Procore::Test;

use File::Temp ();

my $world = world();
my $home = $world->{home};

my $folder = File::Temp->newdir;
chmod 0755, $folder;
open my $source, '>', "$folder/late.c" or die $!;
print {$source} <<'EOT';
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

void
pthread_exit(void *value)
{
    void  (*real)(void *) = (void (*)(void *)) dlsym(RTLD_NEXT, "pthread_exit");

    usleep(200 * 1000);
    real(value);
    abort();
}

void
exit(int status)
{
    void  (*real)(int) = (void (*)(int)) dlsym(RTLD_NEXT, "exit");

    usleep(600 * 1000);
    real(status);
    abort();
}
EOT
close $source or die $!;
system('cc', '-shared', '-fPIC', '-o', "$folder/late.so", "$folder/late.c",
       '-ldl') == 0 or die "the library does not build\n";
$ENV{TEST_NGINX_PRELOAD} = "$folder/late.so";
$ENV{ASAN_OPTIONS} .= ':verify_asan_link_order=0' if $ENV{ASAN_OPTIONS};

my $nginx = nginx(workers => 2, mode => 'monitor');

# The threads write what there is to write: tokens, projects, the report.
for (1 .. 4) {
    my $token = bind_token($nginx, company => $home);
    is($nginx->request('GET', '/rest/v1.0/projects', company => $home,
                       token => $token->{access_token})->{status}, 200,
       'a request');
}
ok(wait_for(10, sub {
    my $report = qx(./procore-scope report --store @{[ $nginx->store ]} --json);
    return $report =~ /"requests": ?[1-9]/;
}), 'the report is written');

$nginx->reload;
is($nginx->request('GET', '/rest/v1.0/me', token => 'none')->{status}, 401,
   'after a reload the new workers serve');
$nginx->stop;
is_deeply([$nginx->error_lines(qr/exited on signal/)], [],
          'no worker has crashed at its end');

done_testing();
