#!/usr/bin/perl

# Procore, the store or the client fails, at each call that the relay makes
# and at each thing that it writes: the right reason, no token left behind,
# and the next one is served. Faults of the exchange itself: relay_failures.t;
# of the forwarded token request: redeem_forward.t.

use Procore::Test;
use Procore::Test::Relay qw(at_app browser consent keep logged_in picker
                            refused start_url told);

use File::Temp ();
use IPC::Open2 qw(open2);

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my %app = %{ $world->{clients} };
my $app = $app{crm}{redirect_uris}[0];
my ($companies, $me) = qw(/rest/v1.0/companies /rest/v1.0/me);
my $branch = 7_000_217;    # on the third page of user 4

# What Procore may answer, and whether that is worth another try.
my %faults = (
    'closes' => [{ close => 1 }, 'later'],
    'status 401' => [{ status => 401, body => {} }, 'never'],
    'status 429' => [{ status => 429, body => {},
                       headers => { 'Retry-After' => '9' } }, 'later'],
    'status 500' => [{ status => 500, body => '<h1>Sorry</h1>' }, 'later'],
    'no JSON' => [{ status => 200, body => 'Sorry' }, 'never'],
    'another JSON' => [{ status => 200, body => { error => 'x' } }, 'never'],
    'nothing' => [{ status => 200, body => '' }, 'never'],
    '204' => [{ status => 204, body => '' }, 'never'],
    'a redirect' => [{ status => 302, body => '', headers => {
                       Location => '/oauth/authorize' } }, 'never'],
    '1 MB' => [{ pad => 1_048_576 }, 'never'],
    'cut' => [{ truncate => 1 }, 'later'],
    'compressed' => [{ gzip => 1 }, 'never'],
);
my %error = (later => 'temporarily_unavailable', never => 'server_error');


sub calls {
    return grep { !m{/oauth/authorize} }
        map { "$_->{method} " . $_->{target} =~ s/\?.*//r }
        standin()->requests;
}


sub count {
    my ($call) = @_;

    return scalar grep { $_ eq $call } calls();
}


sub behave {
    my (@rules) = @_;

    standin()->reset;
    standin()->behave(@rules);
    return;
}


sub given_back {
    my ($name) = @_;

    wait_for(10, sub { count('POST /oauth/revoke') });
    return is(count('POST /oauth/revoke'), 1, "$name: the token is given back");
}


# A gateway that has no secret of its app, and lets it have these companies.
sub forwarding {
    my (%opt) = @_;

    return nginx(authorize => 1, clients => [
        { app => 'crm', secret => '',
          company => [$home, $foreign, $branch] }], %opt);
}


subtest 'the pages of List Companies' => sub {
    my $nginx = nginx(authorize => 1);
    for my $page (1 .. 3) {
        for my $name (sort keys %faults) {
            my ($fault, $kind) = @{ $faults{$name} };
            behave({ match => "GET $companies", skip => $page - 1, %$fault });
            $nginx->skip_audit;
            my $browser = picker($nginx, user => 4);
            my $url = $browser->{page}{hops}[1]{header}{location};
            is(at_app($browser, $app), "$error{$kind} of a state",
               "page $page $name");
            is(count("GET $companies"), $page, 'no further page');
            is(count("GET $me"), 0, 'nor who the user is');
            given_back("page $page $name");
            is_deeply([$browser->relay_cookies], [], 'the cookie goes');
            is(($nginx->next_audit(2))[1]{event}{reason}, 'lookup_failed',
               'on record');
        }
    }
    behave();
    my $slow = nginx(authorize => 1,
                     server => 'procore_scope_lookup_timeout 2s;');
    for my $page (1, 2) {
        behave({ match => "GET $companies", skip => $page - 1, delay => 4,
                 times => 1 });
        my $browser = picker($slow, user => 4);
        is(at_app($browser, $app), 'temporarily_unavailable of a state',
           "page $page is slow");
        given_back("page $page is slow");
    }
    behave();
};


subtest 'Show User Info' => sub {
    my $nginx = nginx(authorize => 1,
                      server => 'procore_scope_lookup_timeout 2s;');
    for my $name (sort(keys %faults), 'slow') {
        my $fault = $name eq 'slow' ? { delay => 4 } : $faults{$name}[0];
        behave({ match => "GET $me", times => 1, %$fault });
        my $browser = picker($nginx);
        is($browser->{page}{status}, 200, "$name: the picker");
        unlike($browser->{page}{body}, qr/ann\@/, 'without the login');
        $browser->submit(action => 'choose', company => $home);
        keep($browser);
        is(at_app($browser, $app), 'psg_ of a state', 'and the code');
        is(count('POST /oauth/revoke'), 0, 'nothing is given back');
    }
    behave();
};


subtest 'revoking' => sub {
    my $nginx = nginx(authorize => 1,
                      server => 'procore_scope_lookup_timeout 2s;');
    for my $name (sort(keys %faults), 'slow') {
        my $fault = $name eq 'slow' ? { delay => 4 } : $faults{$name}[0];
        behave({ match => 'POST /oauth/revoke', %$fault });
        my $browser = picker($nginx);
        $browser->submit(action => 'cancel');
        is(at_app($browser, $app), 'access_denied of a state',
           "$name: cancelled");
        given_back($name);

        behave({ match => 'POST /oauth/revoke', %$fault });
        $browser = picker($nginx, user => 3);
        is(refused($browser->{page}), '200 no_company', 'no company');
        $browser->submit(action => 'cancel');
        is(at_app($browser, $app), 'access_denied of a state', 'back');
        given_back($name);
    }
    behave();
};


subtest 'without a secret: the list, the user, the revoke' => sub {
    my $failed = '503 temporarily_unavailable lookup_failed';

    # one for each: nobody may begin so many in a minute
    for my $name (sort(keys %faults), 'slow') {
        my $nginx = forwarding(server => 'procore_scope_lookup_timeout 2s;');
        my $fault = $name eq 'slow' ? { delay => 4 } : $faults{$name}[0];
        for my $page (1, 2) {
            behave();
            my $code = consent($nginx, standin => standin(), user => 4,
                               company => $branch);
            behave({ match => "GET $companies", skip => $page - 1, times => 1,
                     %$fault });
            my $answer = token_request($nginx, code => $code);
            is(told($answer), $failed, "page $page $name");
            ok($answer->{header}{'retry-after'} > 0, 'Retry-After');
            is($answer->{header}{'cache-control'}, 'no-store', 'not to keep');
            given_back("page $page $name");
            is(told(token_request($nginx, code => $code)),
               '400 invalid_grant code_replayed', 'the code is spent');
        }

        behave();
        my $code = consent($nginx, standin => standin());
        behave({ match => "GET $me", times => 1, %$fault });
        is(told(token_request($nginx, code => $code)), '200',
           "Show User Info $name: redeemed");

        behave();
        $code = consent($nginx, standin => standin(), user => 2,
                        company => $foreign);
        behave({ match => 'POST /oauth/revoke', %$fault });
        is(told(token_request($nginx, code => $code)),
           '400 invalid_grant company_not_available', "revoke $name: refused");
        is(count('POST /oauth/revoke'), 1, 'once');
        is(told(token_request($nginx, code => $code)),
           '400 invalid_grant code_replayed', 'the code is spent');
    }
    behave();
};


# Sends the callback of a fresh login; the connection, the target of the
# picker, and the headers of the browser.
sub callback {
    my ($nginx, %opt) = @_;

    my ($browser, $url, $state) = logged_in($nginx, %opt);
    my ($target) = $url =~ m{^http://[^/]*(.*)};
    my @headers = (headers => [Cookie =>
        $browser->cookies($nginx->url('/'), 'GET', 'cross-site')]);
    my $connection = $nginx->connect;
    $connection->send((Procore::Test::HTTP::build('GET', $target,
                                                  @headers))[0]);
    return ($connection, "/oauth/company?state=$state", \@headers);
}


# The picker, once it no longer asks to wait.
sub at_last {
    my ($nginx, $picker, $headers) = @_;

    my $page;
    wait_for(20, sub {
        $page = $nginx->request('GET', $picker, @$headers);
        return $page->{body} !~ /One moment/;
    });
    remember($page->{body} =~ /name="token" value="(\w+)"/);
    return $page;
}


# Only so few may wait at once: who is not counted out keeps the next one out.
use constant FEW => 'procore_scope_lookup_waiting 2;';

subtest 'a client that has gone while Procore is asked' => sub {
    my $nginx = nginx(authorize => 1, http => FEW);
    my %at = ('the token' => 'POST /oauth/token',
              'the first page' => "GET $companies",
              'the second page' => "GET $companies", 'the user' => "GET $me");
    for my $step (sort keys %at) {
        my $skip = $step eq 'the second page' ? 1 : 0;
        behave({ match => $at{$step}, delay => 1, skip => $skip, times => 1 });
        my ($connection, $picker, $headers) = callback($nginx, user => 4);
        ok(wait_for(10, sub { count($at{$step}) > $skip }), "$step is asked");
        $connection->close;
        my $page = at_last($nginx, $picker, $headers);
        is(refused($page), '200 -', 'it goes on without the client');
        is(count('POST /oauth/token'), 1, 'with one exchange');
        is(count('POST /oauth/revoke'), 0, 'and its token');

        behave({ match => $at{$step}, delay => 1, skip => $skip, times => 1,
                 status => 500, body => '' });
        ($connection, $picker, $headers) = callback($nginx, user => 4);
        ok(wait_for(10, sub { count($at{$step}) > $skip }), 'then it fails');
        $connection->close;
        $page = at_last($nginx, $picker, $headers);
        is(refused($page), $step eq 'the user' ? '200 -' : '400 spent',
           'nobody waits for ever');
        given_back($step) if $step =~ /page/;
    }
    behave({ match => 'POST /oauth/token', delay => 2, times => 1 });
    my ($connection, $picker, $headers) = callback($nginx);
    ok(wait_for(10, sub { count('POST /oauth/token') }), 'asked');
    my $waits = $nginx->connect;
    $waits->send((Procore::Test::HTTP::build('GET', $picker, @$headers))[0]);
    my $full = $nginx->request('HEAD', $picker, @$headers);
    is($full->{status}, 200, 'a HEAD does not wait');
    $waits->close;
    is($connection->response('GET')->{status}, 302,
       'a picker that is left does not end the exchange');
    is(refused(at_last($nginx, $picker, $headers)), '200 -', 'it is there');

    behave({ match => 'POST /oauth/revoke', delay => 1 });
    my $browser = picker($nginx);
    my ($form) = grep { $_->{method} eq 'POST' } $browser->forms;
    my ($head, $body) = Procore::Test::HTTP::build('POST', '/oauth/company',
        form => [@{ $form->{fields} }, action => 'cancel'],
        headers => [Cookie => $browser->cookies($nginx->url('/'), 'GET',
                                                'same-origin')]);
    $connection = $nginx->connect;
    $connection->send($head . $body);
    ok(wait_for(10, sub { count('POST /oauth/revoke') }), 'a cancel');
    $connection->close;
    behave();
    is(picker($nginx)->{page}{status}, 200, 'all are counted out');
    is(picker($nginx)->{page}{status}, 200, 'and the next one is served');
};


subtest 'a client that has gone while its request is forwarded' => sub {
    my $nginx = forwarding(http => FEW);
    my %at = ('the token' => 'POST /oauth/token',
              'the first page' => "GET $companies",
              'the second page' => "GET $companies", 'the user' => "GET $me",
              'the revoke' => 'POST /oauth/revoke');
    for my $step (sort keys %at) {
        my $skip = $step eq 'the second page' ? 1 : 0;
        behave();
        my %who = $step eq 'the revoke' ? (user => 2, company => $foreign)
                                        : (user => 4, company => $branch);
        my $code = consent($nginx, standin => standin(), %who);
        behave({ match => $at{$step}, delay => 1, skip => $skip, times => 1 });
        $nginx->skip_audit;
        my ($head, $body) = Procore::Test::HTTP::build('POST', '/oauth/token',
            form => [grant_type => 'authorization_code', code => $code,
                     redirect_uri => $app, client_id => $app{crm}{id},
                     client_secret => $app{crm}{secret}]);
        my $connection = $nginx->connect;
        $connection->send($head . $body);
        ok(wait_for(10, sub { count($at{$step}) > $skip }), "$step is asked");
        $connection->close;
        my $record = $nginx->next_audit;
        like($record->{event}{action},
             qr/^(?:code_redeemed|token_discarded)$/, 'it comes to an end');
        is(told(token_request($nginx, code => $code)),
           '400 invalid_grant code_replayed', 'the code is spent');
        is(count('POST /oauth/token'), 1, 'Procore was asked once');
    }
    behave();
    is(told(token_request($nginx, code =>
        consent($nginx, standin => standin()))), '200', 'the next is served');
};


subtest 'a reload while Procore is asked' => sub {
    for my $forward (0, 1) {
        my $nginx = $forward ? forwarding() : nginx(authorize => 1);
        behave();
        my $code = consent($nginx, standin => standin());
        behave({ match => 'POST /oauth/token', delay => 2 });
        my ($connection, $picker, $headers) = callback($nginx);
        my $token = send_form($nginx, '/oauth/token', redemption($code));
        ok(wait_for(10, sub { count('POST /oauth/token') })
           && $nginx->reload, 'a reload in the middle');
        is($connection->response('GET')->{status}, 302, 'the callback');
        is(refused(at_last($nginx, $picker, $headers)), '200 -', 'the picker');
        my $answer = $token->response('POST');
        is(told($answer), '200', 'and the token');
        remember(@{ $answer->{json} }{qw(access_token refresh_token)});
    }
    behave();
};


# Another process holds the write lock of the store as long as it may: a disk
# that does not get on.
sub lock_of {
    my ($nginx) = @_;

    my $folder = File::Temp->newdir;
    open my $source, '>', "$folder/lock.c" or die $!;
    print {$source} <<'EOT';
#include <lmdb.h>
#include <stdio.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
    char      c;
    MDB_env  *env;
    MDB_txn  *txn;

    if (mdb_env_create(&env) || mdb_env_set_maxreaders(env, 1024)
        || mdb_env_open(env, argv[1], MDB_NOTLS, 0600)
        || mdb_txn_begin(env, NULL, 0, &txn))
    {
        return 1;
    }

    puts("held");
    fflush(stdout);
    while (read(0, &c, 1) > 0) { /* void */ }
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return 0;
}
EOT
    close $source;
    system('cc', '-o', "$folder/lock", "$folder/lock.c", '-llmdb') == 0
        or die "the program does not build\n";
    my $pid = open2(my $out, my $in, "$folder/lock", $nginx->store);
    my $said = <$out> // '';
    die "no lock\n" unless $said eq "held\n";
    return sub { close $in; waitpid $pid, 0; return };
}


# Sends a form and does not wait for the answer.
sub send_form {
    my ($nginx, $target, $form, @more) = @_;

    my $connection = $nginx->connect;
    $connection->send(join '', Procore::Test::HTTP::build('POST', $target,
        form => $form, @more));
    return $connection;
}


sub redemption {
    my ($code) = @_;

    return [grant_type => 'authorization_code', code => $code,
            redirect_uri => $app, client_id => $app{crm}{id},
            client_secret => $app{crm}{secret}];
}


subtest 'a store that is locked' => sub {
    for my $forward (0, 1) {
        my $nginx = $forward ? forwarding() : nginx(authorize => 1);
        behave();
        my @codes = map { consent($nginx, standin => standin()) } 1 .. 4;
        my $picking = picker($nginx);
        my ($form) = grep { $_->{method} eq 'POST' } $picking->forms;
        my @cookie = (headers => [Cookie => $picking->cookies(
            $nginx->url('/'), 'GET', 'same-origin')]);
        my ($browser, $url) = logged_in($nginx);
        my $slow = picker($nginx);
        my $page = $slow->{page};
        behave();

        my $release = lock_of($nginx);
        is(browser($nginx)->link(start_url($nginx), follow => 0)->{status},
           302, 'a start writes nothing');
        my ($connection, $picker, $headers) = callback($nginx);
        my $chosen = send_form($nginx, '/oauth/company', [
            @{ $form->{fields} }, company => $home, action => 'choose'],
            @cookie);
        my $first = send_form($nginx, '/oauth/token', redemption($codes[0]));
        my $gone = send_form($nginx, '/oauth/token', redemption($codes[1]));
        my ($left, $lost, $its) = callback($nginx);

        my $late;
        ok(wait_for(10, sub {
            $late = token_request($nginx, code => $codes[2], timeout => 0.5);
            return $late->{status};
        }), 'at length nobody is let in');
        is(told($late), '503 temporarily_unavailable store_failed',
           'and told so');
        ok($late->{header}{'retry-after'} > 0, 'with a time');
        is(refused($browser->link($url)), '503 store_failed', 'a callback');
        is(refused(browser($nginx)->link(start_url($nginx), follow => 0)),
           '503 store_failed', 'and a start');
        is(refused($slow->submit(action => 'choose', company => $foreign)),
           '503 store_failed', 'a choice');
        $slow->{page} = $page;
        is(refused($slow->submit(action => 'cancel')), '503 store_failed',
           'a cancel');
        is_deeply([calls()], [], 'nothing went up before it was written');
        $gone->close;
        $left->close;
        $release->();

        is($connection->response('GET')->{status}, 302, 'the callback');
        my $answer = $chosen->response('POST');
        is($answer->{status}, 303, 'the choice');
        remember($answer->{header}{location} =~ /(psg_\w+)/);
        $answer = $first->response('POST');
        is(told($answer), '200', 'and the redemption go on');
        remember(@{ $answer->{json} }{qw(access_token refresh_token)});
        is(refused(at_last($nginx, $lost, $its)), '200 -',
           'so does the callback of who has gone');
        is(told(token_request($nginx, code => $codes[1])),
           '400 invalid_grant code_replayed', 'and the redemption');
        is(told(token_request($nginx, code => $codes[3])), '200',
           'the others come later');
        is($browser->link($url)->{status}, 200, 'nothing was lost: the login');
        $slow->{page} = $page;
        $slow->submit(action => 'choose', company => $foreign);
        keep($slow);
        is(at_app($slow, $app), 'psg_ of a state', 'and the picker');
    }
};


subtest 'a client that leaves while the store is locked' => sub {
    my $nginx = nginx(authorize => 1, h2 => 1, workers => 1);
    behave();
    my ($browser, $url, $state) = logged_in($nginx);
    my @cookie = (headers => [Cookie => $browser->cookies(
        $nginx->url('/'), 'GET', 'cross-site')]);
    standin()->reset;

    my $release = lock_of($nginx);
    my $left = $nginx->h2('GET', $url =~ s{^http://[^/]*}{}r, @cookie,
                          timeout => '0.4');
    is($left->{status}, 0, 'it has left');
    $release->();

    my $page;
    ok(wait_for(10, sub {
        $page = $nginx->request('GET', "/oauth/company?state=$state", @cookie);
        return refused($page) ne '400 no_transaction';
    }), 'the callback is on record');
    unlike($page->{body}, qr/One moment/, 'nobody waits for it');
    is(refused($page), '400 spent', 'it is over');
    is_deeply([calls()], [], 'nothing was exchanged');
};


subtest 'a store that is full' => sub {
    my %full = (no_store => 1, http => 'procore_scope_store %%STORE%% size=1m;',
                expect => [qr/the store cannot be written/]);
    for my $forward (0, 1) {
        my $nginx = $forward ? forwarding(%full) : nginx(authorize => 1, %full);
        behave();
        my @codes = map { consent($nginx, standin => standin()) } 1, 2;
        my $browser = picker($nginx);
        my $page = $browser->{page};
        my ($other, $url) = logged_in($nginx);
        my (undef, $said) = $nginx->tool('import', join '',
            map { qq({"project_id":$_,"company_id":$foreign}\n) } 1 .. 40_000);
        like($said, qr/the store has reached its size/, 'no room is left');
        ok($nginx->reload, 'a reload with a map that small');
        behave();

        my $failed = '503 temporarily_unavailable store_failed';
        is(told(token_request($nginx, code => $codes[0])), $failed,
           'a redemption');
        is(told(token_request($nginx, code => $codes[1])), $failed,
           'and another one');
        is(refused($other->link($url)), '503 store_failed', 'a callback');
        is($other->{page}{header}{'x-frame-options'}, 'DENY', 'a page of ours');
        is_deeply([calls()], [], 'nothing went up');
        is($browser->open($page->{url})->{status}, 200, 'the picker is shown');
        is(refused($browser->submit(action => 'choose', company => $home)),
           '503 store_failed', 'and nothing can be chosen');
        $browser->{page} = $page;
        is(refused($browser->submit(action => 'cancel')), '503 store_failed',
           'or cancelled');
        keep($browser);
        is_deeply([calls()], [], 'nothing was revoked');
    }
};


subtest 'a store that cannot be written' => sub {
    my $nginx = nginx(authorize => 1, expect => [qr/is out of order/,
                                                 qr/cannot be opened/]);
    behave();
    my $code = consent($nginx, standin => standin());
    my ($browser, $url, $state) = logged_in($nginx);
    $nginx->stop;
    my @files = glob $nginx->store . '/*.mdb';
    chown 0, 0, @files;
    chmod 0444, @files;
    $nginx->start;
    behave();

    my $start = browser($nginx)->link(start_url($nginx), follow => 0);
    is(refused($start), '503 store_failed', 'a start');
    is(refused($browser->link($url)), '503 store_failed', 'a callback');
    is(refused($browser->link($nginx->url("/oauth/company?state=$state"))),
       '503 store_failed', 'a picker');
    is(told(token_request($nginx, code => $code)),
       '503 temporarily_unavailable store_failed', 'a redemption');
    is_deeply([calls()], [], 'nothing went up');

    $nginx->stop;
    my ($uid, $gid) = (stat $nginx->store)[4, 5];
    chown $uid, $gid, @files;
    chmod 0600, @files;
    $nginx->start;
    is(told(token_request($nginx, code => $code)), '200',
       'nothing was lost: the code');
    is($browser->link($url)->{status}, 200, 'and the login');
};


done_testing();
