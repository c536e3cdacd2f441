package Procore::Test::Clock;

# The clock of the nginx of a test: a small library between nginx and the C
# library puts it forward.
#
#     my $clock = Procore::Test::Clock->new;     # before nginx is started
#     my $nginx = nginx(...);
#     $clock->forward(60);                       # seconds

use strict;
use warnings;

use File::Temp ();


sub new {
    my ($class) = @_;

    my $folder = File::Temp->newdir;
    chmod 0755, $folder;
    my $self = bless { folder => $folder, offset => 0 }, $class;
    $self->forward(0);
    $self->build;
    $ENV{TEST_NGINX_PRELOAD} = "$folder/clock.so";
    $ENV{ASAN_OPTIONS} .= ':verify_asan_link_order=0' if $ENV{ASAN_OPTIONS};
    return $self;
}


sub forward {
    my ($self, $seconds) = @_;

    $self->{offset} += $seconds;
    my $control = "$self->{folder}/offset";
    open my $fh, '>', "$control.new" or die "$control: $!";
    print {$fh} $self->{offset};
    close $fh or die "$control: $!";
    rename "$control.new", $control or die "$control: $!";
    return;
}


sub build {
    my ($self) = @_;

    my $folder = $self->{folder};
    open my $source, '>', "$folder/clock.c" or die $!;
    print {$source} <<"EOT";
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/time.h>

int
gettimeofday(struct timeval *tv, void *zone)
{
    int   (*real)(struct timeval *, void *) =
              (int (*)(struct timeval *, void *)) dlsym(RTLD_NEXT,
                                                        "gettimeofday");
    int     rc = real(tv, zone);
    long    offset = 0;
    FILE   *file = fopen("$folder/offset", "r");

    if (file != NULL) {
        if (fscanf(file, "%ld", &offset) == 1) {
            tv->tv_sec += offset;
        }
        fclose(file);
    }

    return rc;
}
EOT
    close $source or die $!;
    system('cc', '-shared', '-fPIC', '-o', "$folder/clock.so",
           "$folder/clock.c", '-ldl') == 0
        or die "the library does not build\n";
    return;
}


1;
