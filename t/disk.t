#!/usr/bin/perl

# A disk that is slow or fails: a token answer waits for it, nobody else does.
# A small library between nginx and the C library delays each flush.

use Procore::Test;
use Procore::Test::Relay qw(consent told);
use Procore::Test::Status qw(STATUS ready status);

use File::Temp ();
use Time::HiRes qw(sleep time);

my $world = world();
my $crm = $world->{clients}{crm};
my ($home, $foreign) = @$world{qw(home foreign)};

my $folder = File::Temp->newdir;
chmod 0755, $folder;
my $control = "$folder/flush";
build_library();
flush_takes(0);

my $standin = standin();


# fdatasync() first does what the control file says: milliseconds to sleep, or
# "fail".
sub build_library {
    open my $source, '>', "$folder/flush.c" or die $!;
    print {$source} <<"EOT";
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
fdatasync(int fd)
{
    int   (*real)(int) = (int (*)(int)) dlsym(RTLD_NEXT, "fdatasync");
    char    text[16] = "0";
    FILE   *file = fopen("$control", "r");

    if (file != NULL) {
        if (fgets(text, sizeof(text), file) == NULL) {
            text[0] = '\\0';
        }
        fclose(file);
    }

    if (strcmp(text, "fail") == 0) {
        errno = EIO;
        return -1;
    }

    usleep(1000 * (useconds_t) atoi(text));

    return real(fd);
}
EOT
    close $source;
    system('cc', '-shared', '-fPIC', '-o', "$folder/flush.so",
           "$folder/flush.c", '-ldl') == 0
        or die "the library does not build\n";

    $ENV{TEST_NGINX_PRELOAD} = "$folder/flush.so";
    $ENV{ASAN_OPTIONS} .= ':verify_asan_link_order=0' if $ENV{ASAN_OPTIONS};
    return;
}


sub flush_takes {
    my ($what) = @_;

    open my $fh, '>', "$control.new" or die $!;
    print {$fh} $what;
    close $fh;
    rename "$control.new", $control or die $!;
    return;
}


# Sends a token request that names the home company, which gets this token
# (unless shared: the rules are there already); returns the connection.
sub ask {
    my ($to, $token, %opt) = @_;

    $standin->behave({ match => 'POST /oauth/token', times => 1, body =>
        { access_token => $token, token_type => 'bearer' } })
        unless $opt{shared};

    my ($head, @pieces) = Procore::Test::HTTP::build('POST', '/oauth/token',
        form => [grant_type => 'client_credentials', client_id => $crm->{id},
                 company_id => $home]);
    my $connection = $to->connect;
    $connection->send(join '', $head, @pieces);
    return $connection;
}


sub bound {
    my ($to, $token) = @_;

    my $response = $to->request('GET', "/rest/v1.0/companies/$foreign/users",
                                token => $token, company => $foreign);
    return $response->{json}{reason} // $response->{status};
}


subtest 'an answer waits for the disk, other requests do not' => sub {
    my $nginx = nginx();
    my $known = bind_token($nginx, company => $home)->{access_token};
    flush_takes(800);

    my $start = time;
    my $connection = ask($nginx, 'w' x 64);
    sleep 0.1;
    is(bound($nginx, $known), 'foreign_company', 'a request is decided');
    is($nginx->request('GET', '/rest/v1.0/me', token => $known)->{status}, 200,
       'another one passes');
    cmp_ok(time - $start, '<', 0.7, 'both before the disk has answered');

    my $response = $connection->response('POST');
    cmp_ok(time - $start, '>=', 0.8, 'the token comes after it');
    is($response->{json}{access_token}, 'w' x 64, 'whole');
    is(bound($nginx, 'w' x 64), 'foreign_company', 'and bound');
    flush_takes(0);
};


subtest 'many answers share a commit' => sub {
    my $nginx = nginx();
    my @tokens = map { sprintf 'g%063d', $_ } 1 .. 40;
    $standin->behave(map { { match => 'POST /oauth/token', times => 1, body =>
        { access_token => $_, token_type => 'bearer' } } } @tokens);
    flush_takes(300);

    my $start = time;
    my @connections = map { ask($nginx, $_, shared => 1) } @tokens;
    my @answers = map { $_->response('POST') } @connections;
    my $took = time - $start;
    flush_takes(0);

    is(scalar(grep { $_->{status} == 200 } @answers), 40, 'all are answered');
    cmp_ok($took, '<', 3, 'in a few commits');
    is(scalar(grep { bound($nginx, $_) eq 'foreign_company' } @tokens), 40,
       'all are bound');
};


subtest 'nothing is promised before the disk has answered' => sub {
    my $nginx = nginx();
    flush_takes(3000);
    my $connection = ask($nginx, 'n' x 64);
    sleep 0.5;
    $nginx->kill9_all;
    is($connection->response('POST', 2)->{status}, 0, 'the client has nothing');
    flush_takes(0);
    $nginx->start;
    is(bound($nginx, 'n' x 64), 'unbound', 'and nothing is bound');
};


subtest 'a client that leaves meanwhile' => sub {
    my $nginx = nginx(h2 => 1);
    flush_takes(500);

    for my $round (1 .. 3) {
        my $token = "l$round" . 'l' x 62;
        my $connection = ask($nginx, $token);
        sleep 0.1 * $round;
        $connection->close;
        sleep 0.6;
        is(bound($nginx, $token), 'foreign_company',
           "round $round: the binding is made");
    }

    my $token = 'h' x 64;
    $standin->behave({ match => 'POST /oauth/token', body =>
        { access_token => $token, token_type => 'bearer' } });
    my $response = $nginx->h2('POST', '/oauth/token', timeout => 0.3,
        form => [grant_type => 'client_credentials', company_id => $home]);
    ok(!$response->{complete}, 'over HTTP/2 as well');
    sleep 0.6;
    is(bound($nginx, $token), 'foreign_company', 'the binding is made');
    $standin->behave;
    flush_takes(0);
};


subtest 'a client that does not read in time' => sub {
    my $nginx = nginx(oauth => 'send_timeout 1s;');
    flush_takes(1800);
    my $connection = ask($nginx, 't' x 64);
    my $response = $connection->response('POST', 4);
    flush_takes(0);
    is($response->{status}, 0, 'gets no answer');
    is(bound($nginx, 't' x 64), 'foreign_company', 'the worker lives');
};


subtest 'a reload and an end wait for what is under way' => sub {
    my $nginx = nginx();
    flush_takes(1000);
    my $connection = ask($nginx, 'r' x 64);
    sleep 0.2;
    $nginx->reload;
    my $response = $connection->response('POST');
    is($response->{json}{access_token}, 'r' x 64, 'reload');
    is(bound($nginx, 'r' x 64), 'foreign_company', 'bound');

    $connection = ask($nginx, 'q' x 64);
    sleep 0.2;
    $nginx->stop;
    $response = $connection->response('POST');
    is($response->{json}{access_token}, 'q' x 64, 'QUIT');
    flush_takes(0);
    $nginx->start;
    is(bound($nginx, 'q' x 64), 'foreign_company', 'bound');
};


subtest 'a disk that is stuck' => sub {
    my $nginx = nginx(workers => 2, locations => STATUS);
    is(ready($nginx), '200 ready', 'ready');
    flush_takes(8000);
    my $connection = ask($nginx, 's' x 64);
    ok(wait_for(6, sub { ready($nginx) !~ /^200/ }), 'after a while it is not');
    flush_takes(0);
    like(ready($nginx), qr/^503 the store is behind/,
         'not ready, whichever worker is asked') for 1 .. 6;
    my $before = () = $standin->requests;
    my $response = token_request($nginx, code => 'c' x 64, company_id => $home);
    is("$response->{status} $response->{json}{reason}", '503 store_failed',
       'new token requests are refused');
    my $after = () = $standin->requests;
    is($after, $before, 'before Procore is asked');
    is($connection->response('POST', 12)->{json}{access_token}, 's' x 64,
       'the one that waits gets its answer');
    $standin->behave;
    is(token_request($nginx, code => 'c' x 64)->{json}{error},
       'invalid_grant', 'then they pass again');
    is(ready($nginx), '200 ready', 'ready again');
    my ($commits) = status($nginx)->{commit_microseconds};
    cmp_ok($commits->{sum}, '>', 4_000_000, 'it took that long');
    is($commits->{buckets}[-3]{count}, $commits->{count} - 1,
       'one of more than a second');
};


subtest 'a disk that fails' => sub {
    my $nginx = nginx(expect => [qr/the store cannot be written/],
                      locations => STATUS);
    my $token = bind_token($nginx, company => $home)->{access_token};
    flush_takes('fail');
    my $response = ask($nginx, 'f' x 64)->response('POST');
    is(ready($nginx), '503 the store cannot be written; the error log says why',
       'not ready');
    cmp_ok(status($nginx)->{commit_failures}, '>=', 1, 'counted');
    is($response->{json}{access_token}, 'f' x 64, 'a token passes');
    is(bound($nginx, 'f' x 64), 'unbound', 'unbound');
    is(bound($nginx, $token), 'foreign_company',
       'what is known goes on being answered');

    flush_takes(0);
    ok(wait_for(10, sub {
        sleep 0.3;
        return bound($nginx, 'f' x 64) eq 'foreign_company';
    }), 'it is written when the disk works again');
    is(ready($nginx), '200 ready', 'ready again');
    is(scalar $nginx->error_lines(qr/the store cannot be written/), 1,
       'one line when it fails');
    is(scalar $nginx->error_lines(qr/the store can be written again/), 1,
       'one when it works');
    $standin->behave;

    flush_takes('fail');
    $response = revoke($nginx, $token);
    is("$response->{status} $response->{json}{reason}", '503 store_failed',
       'a revoke that cannot be written is not confirmed');
    flush_takes(0);
};


subtest 'a code of the gateway outlives a disk that fails' => sub {
    my $nginx = nginx(authorize => 1,
                      expect => [qr/the store cannot be written/]);
    my $code = consent($nginx, standin => $standin);

    flush_takes('fail');
    is(told(token_request($nginx, code => $code)),
       '503 temporarily_unavailable store_failed', 'no token');
    flush_takes(0);
    ok(wait_for(20, sub {
        my $answer = token_request($nginx, code => $code);
        return $answer->{status} == 200 && $answer->{json}{company_id} == $home;
    }), 'the same code, once the disk works again');
};


subtest 'a link to the chooser is on disk, or there is none' => sub {
    my $nginx = nginx(expect => [qr/the store cannot be written/],
        server => 'procore_scope_bind chooser;
            procore_scope_choose_url http://127.0.0.1:%%PORT%%/choose;',
        locations => 'location = /choose { procore_scope_chooser; }');
    my ($token, $other) = map { bind_token($nginx, company => undef)
        ->{access_token} } 1, 2;
    my $refusal = sub {
        my $answer = $nginx->request('GET', '/rest/v1.0/projects',
                                     token => $_[0], company => $home);
        remember(($answer->{json}{choose_url} // '') =~ /\?l=(.+)/);
        return $answer;
    };

    flush_takes(500);
    my $start = time;
    my $answer = $refusal->($token);
    cmp_ok(time - $start, '>=', 0.5, 'the refusal waits for the disk');
    ok($answer->{json}{choose_url}, 'and has a link');
    $start = time;
    $refusal->($token);
    cmp_ok(time - $start, '<', 0.4, 'the next one does not wait');

    flush_takes('fail');
    $answer = $refusal->($other);
    is(told($answer), '403 unbound', 'a disk that fails: refused as before');
    is($answer->{json}{choose_url}, undef, 'without a link');
    ok($refusal->($token)->{json}{choose_url}, 'one that is there still is');

    $answer = $nginx->request('POST', '/choose', token => $token,
                              json => { company_id => 0 + $home });
    is($answer->{status}, 503, 'an app is told to come again');
    is($answer->{json}{reason}, 'store_failed', 'with the reason');

    flush_takes(0);
    ok(wait_for(20, sub {
        $nginx->request('POST', '/choose', token => $token,
                        json => { company_id => 0 + $home })->{status} == 200;
    }), 'and can, once the disk works again');
};


done_testing();
