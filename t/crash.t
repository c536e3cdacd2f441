#!/usr/bin/perl

# The promises of the store, each by breaking something on purpose: a client
# that has its token has its binding, whatever dies next; and a store that is
# out of order refuses, never guesses, and leaves other sites alone.

use Procore::Test;
use Procore::Test::Status qw(STATUS ready);

use File::Temp ();

my $world = world();
my $crm = $world->{clients}{crm};
my ($home, $foreign) = @$world{qw(home foreign)};
my $tool = $ENV{TEST_PROCORE_SCOPE} || './procore-scope';

my $standin = standin();


sub answer {
    my ($to, $token, $company) = @_;

    my $response = $to->request('GET', "/rest/v1.0/companies/$company/users",
        token => $token->{access_token}, company => $company);
    return $response->{status} == 200
        ? 'passes' : "$response->{status} $response->{json}{reason}";
}


# Says whether the token is bound to the home company, and to it alone.
sub still_bound {
    my ($to, $token, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is(answer($to, $token, $home) . ', '
              . answer($to, $token, $foreign),
              'passes, 403 foreign_company', $name);
}


sub token_requests {
    return grep { $_->{target} =~ m{^/oauth/token} } $standin->requests;
}


sub record {
    my ($to, $action) = @_;

    while (my $record = $to->next_audit) {
        return $record if $record->{event}{action} eq $action;
    }
    return {};
}


subtest 'a worker is killed as soon as the answer came' => sub {
    my $nginx = nginx(workers => 2);

    for my $round (1 .. 5) {
        my $token = bind_token($nginx, company => $home);
        $nginx->kill_worker('KILL', $_)
            for @{ $nginx->pids->{workers} };
        still_bound($nginx, $token, "round $round");

        my $new = refresh($nginx, $token)->{json};
        $nginx->kill_worker('KILL', $nginx->pids->{workers}[$round % 2]);
        still_bound($nginx, $new, "round $round: refreshed");
    }
};


subtest 'all of nginx is killed as soon as the answer came' => sub {
    my $nginx = nginx(workers => 2);
    my (@bound, @revoked);

    for my $round (1 .. 3) {
        push @bound, bind_token($nginx, company => $home);
        my $token = bind_token($nginx, company => $home);
        revoke($nginx, $token->{refresh_token});
        push @revoked, $token;
        $nginx->kill9_all;
        $nginx->start;

        still_bound($nginx, $_, "round $round: bound") for @bound;
        is(answer($nginx, $_, $home), '401 revoked_token',
           "round $round: revoked") for @revoked;
    }
};


subtest 'killed in the middle of many answers' => sub {
    my $nginx = nginx(workers => 2);
    my $number = 0;

    for my $round (1 .. 4) {
        my @rules = map { { match => 'POST /oauth/token', times => 1, body => {
            access_token => sprintf('%02dk%061d', $round, $_),
            token_type => 'bearer', expires_in => 5400 } } } 1 .. 120;
        $standin->behave(@rules);

        my ($head, @pieces) = Procore::Test::HTTP::build('POST',
            '/oauth/token', form => [grant_type => 'client_credentials',
                                     client_id => $crm->{id},
                                     company_id => $home]);
        my @connections = map { $nginx->connect } @rules;
        $_->send(join '', $head, @pieces) for @connections;
        select undef, undef, undef, 0.01 * $round;
        $nginx->kill9_all;
        my @answers = map { $_->response('POST', 2) } @connections;
        $_->close for @connections;
        $standin->behave;
        $nginx->start;

        my @got = grep { $_->{status} == 200 && $_->{complete} } @answers;
        my @lost = grep { answer($nginx, $_->{json}, $foreign)
                          ne '403 foreign_company' } @got;
        is(scalar @lost, 0, "round $round: each of " . @got
           . ' tokens that a client has is bound');
        $number += @got;
    }
    note("$number answers were complete");
};


subtest 'reload and binary upgrade' => sub {
    my $nginx = nginx(workers => 2);
    my $token = bind_token($nginx, company => $home);

    ok($nginx->reload, 'reload');
    still_bound($nginx, $token, 'after a reload');
    my $second = bind_token($nginx, company => $home);

    $nginx->upgrade;
    still_bound($nginx, $_, 'after an upgrade') for $token, $second;
    my $third = refresh($nginx, $second)->{json};
    still_bound($nginx, $third, 'refreshed by the new one');

    $nginx->stop;
    $nginx->start;
    still_bound($nginx, $_, 'after a restart') for $token, $third;
};


subtest 'an answer under way at a reload' => sub {
    my $nginx = nginx(workers => 1);
    my $fresh = 'w' x 64;
    $standin->behave({ match => 'POST /oauth/token', delay => 1, body => {
        access_token => $fresh, token_type => 'bearer' } });
    my $connection = $nginx->connect;
    my ($head, @pieces) = Procore::Test::HTTP::build('POST',
        '/oauth/token', form => [grant_type => 'client_credentials',
                                 client_id => $crm->{id},
                                 company_id => $home]);
    $connection->send(join '', $head, @pieces);
    select undef, undef, undef, 0.3;
    $nginx->reload;
    my $response = $connection->response('POST');
    $standin->behave;
    is($response->{json}{access_token}, $fresh, 'comes from the old worker');
    is(answer($nginx, $response->{json}, $foreign), '403 foreign_company',
       'bound');
};


subtest 'without a master' => sub {
    my $nginx = nginx(main => 'master_process off;', start => 0);
    $nginx->{opt}{workers} = 0;
    $nginx->start;
    my $token = bind_token($nginx, company => $home);
    still_bound($nginx, $token, 'bound');
    $nginx->stop;
};


subtest 'a store that is full' => sub {
    my $nginx = nginx(no_store => 1, workers => 1, locations => STATUS,
                      http => 'procore_scope_store %%STORE%% size=1m;',
                      expect => [qr/the store cannot be written/]);
    my $token = bind_token($nginx, company => $home);

    my $lines = File::Temp->new;
    for my $id (1 .. 40_000) {
        print {$lines} qq({"project_id":$id,"company_id":$foreign}\n);
    }
    close $lines;
    my $output = `$tool import --store @{[ $nginx->store ]} $lines 2>&1`;
    note($output);
    ok($nginx->reload, 'reload with the map as small as configured');

    my $fresh = bind_token($nginx, company => $home);
    my $record = record($nginx, 'token');
    is("$record->{procore_scope}{decision} $record->{procore_scope}{reason}",
       'allow_undecided store_failed', 'a token passes, recorded as such');
    is(answer($nginx, $fresh, $home), '403 unbound', 'it is unbound');
    like(ready($nginx), qr/^503 the store is full/, 'so is a load balancer');
    like($nginx->request('GET', '/status')->{body},
         qr/New tokens are not taken.*the store is full/s, 'and the operator');
    is(scalar $nginx->error_lines(qr/the store cannot be written/), 1,
       'the log says it once');
    still_bound($nginx, $token, 'what it knows it goes on answering');

    my $before = token_requests();
    my $response = refresh($nginx, $token);
    is("$response->{status} $response->{json}{reason}", '503 store_failed',
       'the next one is refused before Procore is asked');
    is($response->{json}{error}, 'temporarily_unavailable', 'as OAuth says it');
    ok(defined $response->{header}{'retry-after'}, 'with Retry-After');
    is(scalar token_requests(), $before, 'nothing was forwarded');
};


subtest 'a store that is out of order' => sub {
    my $direct = bind_token($standin);

    for my $case (
        ['a file in its place', sub {
            open my $fh, '>', $_[0] or die $!;
            close $fh;
        }],
        ['a folder of another owner', sub {
            mkdir $_[0], 0700;
            chown 1, 1, $_[0];
        }],
        ['a folder with something else in it', sub {
            mkdir $_[0], 0700;
            open my $fh, '>', "$_[0]/letter" or die $!;
            close $fh;
            chown 65534, 65534, $_[0], "$_[0]/letter";
        }],
    ) {
        my ($name, $break) = @$case;
        my $folder = File::Temp->newdir;
        chmod 0755, $folder;
        $break->("$folder/store");

        for my $mode (qw(enforce monitor)) {
            my $nginx = nginx(mode => $mode, store => "$folder/store",
                expect => [qr/is out of order/, qr/cannot be opened/],
                location => 'if ($uri = /other) { return 204; }');

            is(scalar $nginx->error_lines(qr/\[emerg\].*out of order/), 1,
               "$name, $mode: one line says so");
            is($nginx->request('GET', '/other')->{status}, 204,
               "$name, $mode: other sites are served");
            my $before = token_requests();
            my $code = authorize_code($standin);
            my $response = token_request($nginx, code => $code,
                                         company_id => $home);
            if ($mode eq 'enforce') {
                is("$response->{status} $response->{json}{reason}",
                   '503 store_failed', "$name: no token");
                is(scalar token_requests(), $before,
                   "$name: nothing forwarded");
                is(answer($nginx, $direct, $home), '503 store_failed',
                   "$name: no request");
            } else {
                is($response->{status}, 200, "$name, monitor: a token");
                is(answer($nginx, $direct, $home), 'passes',
                   "$name, monitor: a request");
                my $record = record($nginx, 'request');
                is("$record->{procore_scope}{decision} "
                   . $record->{procore_scope}{reason},
                   'allow_undecided store_failed', "$name, monitor: recorded");
            }
            $nginx->stop;
        }
    }
};


subtest 'a store that is repaired' => sub {
    my $folder = File::Temp->newdir;
    chmod 0755, $folder;
    open my $fh, '>', "$folder/store" or die $!;
    close $fh;

    my $nginx = nginx(store => "$folder/store", expect => [qr/out of order/]);
    unlink "$folder/store";
    ok($nginx->reload, 'reload');
    my $token = bind_token($nginx, company => $home);
    still_bound($nginx, $token, 'serves again');
    $nginx->stop;
};


subtest 'a token is written when the store comes back' => sub {
    my $nginx = nginx(mode => 'monitor', expect => [qr/cannot be opened/]);
    my $store = $nginx->store;
    rename $store, "$store.away" or die $!;
    $nginx->kill_worker;

    my $token = bind_token($nginx, company => $home);
    my $record = record($nginx, 'token');
    is("$record->{procore_scope}{decision} $record->{procore_scope}{reason}",
       'allow_undecided store_failed', 'it passes, and the record says so');

    rename "$store.away", $store or die $!;
    ok(wait_for(20, sub {
        select undef, undef, undef, 0.5;
        answer($nginx, $token, $foreign);
        return record($nginx, 'request')->{procore_scope}{reason}
            eq 'foreign_company';
    }), 'then it is bound, without another word of the client');
    is(scalar $nginx->error_lines(qr/cannot be opened/), 1,
       'the log said once that the store is out of order');
    ok($nginx->error_lines(qr/is open now/), 'and that it is back');
};


subtest 'a file that is damaged' => sub {
    for my $how ('cut short', 'overwritten') {
        my $nginx = nginx(expect => [qr/was damaged/, qr/out of order/]);
        my $token = bind_token($nginx, company => $home);
        $nginx->stop;

        my $file = $nginx->store . '/data.mdb';
        if ($how eq 'cut short') {
            truncate $file, 9000 or die $!;
        } else {
            open my $fh, '+<:raw', $file or die $!;
            seek $fh, 8192, 0;
            print {$fh} "\xa5" x 40_000;
            close $fh;
        }
        $nginx->start;

        is(scalar $nginx->error_lines(qr/\[emerg\].*was damaged/), 1,
           "$how: one line says so");
        my @aside = glob $nginx->store . '.bad-*';
        is(scalar @aside, 1, "$how: the bad one is set aside");
        like(answer($nginx, $token, $home), qr/^(?:403 unbound|passes)$/,
             "$how: what is lost is unbound");
        still_bound($nginx, bind_token($nginx, company => $home),
                    "$how: the new one works");
    }
};


subtest '"nginx -t" touches no store' => sub {
    my $folder = File::Temp->newdir;
    my ($exit) = config_test(store => "$folder/store");
    is($exit, 0, 'accepted');
    ok(!-e "$folder/store", 'nothing was made');
};


done_testing();
