#!/usr/bin/perl

# docs/operations.md, followed line by line: what it tells an operator to type
# is run as it stands there.

use Procore::Test;
use Procore::Test::Ways qw(answer);

use File::Copy qw(copy);
use File::Temp ();

use Procore::Test::Config ();
use Procore::Test::Example;
use Procore::Test::Host ();
use Procore::Test::OAuth ();
use Procore::Test::Process ();

use constant SECONDS => 30;    # until a master or worker has come or gone

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my $crm = $world->{clients}{crm}{id};
my $manual = Procore::Test::Example::content('docs/operations.md');
my $projects = '/rest/v1.0/projects';


# The blocks of commands under a heading, made fit for this gateway.
sub commands {
    my ($nginx, $heading, %more) = @_;

    my ($level) = $heading =~ /^(#+)/;
    my $end = '#{1,' . length($level) . '} ';
    my ($chapter) = $manual =~ /^\Q$heading\E\n(.*?)(?=^$end|\z)/ms
        or die "no chapter $heading";
    my @blocks = $chapter =~ /^ *```sh\n(.*?)^ *```$/msg
        or die "no commands under $heading";

    my $dir = $nginx->dir;
    my $user = $> == 0 ? 'nobody' : getpwuid $>;
    for (@blocks) {
        s{/var/lib/nginx/procore-scope}{$nginx->{store}}g;
        s{/var/log/nginx/procore-audit\.log}{$dir/logs/audit.log}g;
        s{/run/nginx\.pid}{$dir/nginx.pid}g;
        s{^nginx -t}{@{[ $nginx->command('-t') ]} 2>/dev/null}mg;
        s{runuser -u www-data -- }{}g unless $> == 0;
        s{-o www-data -g www-data}{$> == 0 ? '-o nobody -g nogroup' : ''}ge;
        s{www-data}{$user}g;
        for my $from (keys %more) {
            s/\Q$from\E/$more{$from}/g;
        }
    }
    return @blocks;
}


# Runs a block as a shell does that stops at the first failure.
sub run {
    my ($block) = @_;

    my $script = File::Temp->new;
    print {$script} "set -e\n$block";
    close $script or die "$script: $!";
    my $output = qx(sh $script 2>&1);
    return ($? >> 8, $output);
}


sub ask {
    my ($nginx, $token, $company) = @_;

    return $nginx->request('GET', "$projects?company_id=$company",
                           token => $token->{access_token},
                           company => $company)->{status};
}


subtest 'from monitor to one app, to all, and back' => sub {
    my $nginx = nginx(mode => 'monitor');
    my $crm_token = bind_token($nginx, company => $home);
    my $old = Procore::Test::OAuth::bind_token(standin(), standin());

    is(ask($nginx, $_, $foreign), 200, 'monitor refuses nothing')
        for $crm_token, $old;
    $nginx->request('GET', "$projects?company_id=$home&own_company_id=1",
                    token => $crm_token->{access_token}, company => $home);
    $nginx->audit(4);

    SKIP: {
        skip 'no jq', 4 if system('jq --version >/dev/null 2>&1');
        my ($daily, $names) = commands($nginx, '### Days 2 to 7: read, and'
                                       . ' repair');
        my ($exit, $output) = run($daily);
        like($output, qr/^ +1 $crm\tforeign_company$/m, 'who would be refused');
        like($output, qr/^ +1 unknown\tunbound$/m, 'tokens of nobody');
        ($exit, $output) = run($names);
        is("$exit $output" =~ s/ +/ /gr, "0 1 own_company_id\n",
           'names that nobody has listed');
        is($exit, 0, 'both are right');
    }

    my ($line) = $manual =~ /^(procore_scope_client \w+ mode=enforce;)$/m
        or die 'no line for one app';
    $nginx->reload(server => $line =~ s/client \w+/client $crm/r);
    is(ask($nginx, $crm_token, $foreign), 403, 'one app is enforced');
    is(ask($nginx, $old, $foreign), 200, 'the others are watched');

    SKIP: {
        skip 'no jq', 1 if system('jq --version >/dev/null 2>&1');
        $nginx->audit(6);
        my (undef, $query) = commands($nginx, '### One app first',
            '9b36d8c0db59eff5038aea7a417d73e6' => $crm);
        my ($exit, $output) = run($query);
        like($output, qr/"foreign_company",.*"value":"$foreign"/,
             'its refusals are found');
    }

    $nginx->reload(mode => 'enforce',
                   server => "procore_scope_client $crm mode=monitor;");
    is(ask($nginx, $crm_token, $foreign), 200, 'a straggler');
    is(ask($nginx, $old, $foreign), 403, 'and all others enforced');

    $nginx->reload(mode => 'monitor', server => '');
    is(ask($nginx, $_, $foreign), 200, 'back') for $crm_token, $old;
    $nginx->reload(mode => 'enforce');
    is(ask($nginx, $crm_token, $foreign), 403, 'the binding was kept');
};


subtest 'backup and restore' => sub {
    plan skip_all => 'no mdb_copy' if system('command -v mdb_copy >/dev/null');

    my $nginx = nginx(workers => 2);
    my $backup = File::Temp::tempdir(CLEANUP => 1);
    chmod 0755, $backup;
    my %paths = ('/var/backups/procore-scope' => "$backup/today",
                 'systemctl stop nginx' => ':', 'systemctl start nginx' => ':');

    my ($before, $revoked, $ended) =
        map { bind_token($nginx, company => $home) } 1 .. 3;
    my ($copy) = commands($nginx, '### Backup', %paths);
    my ($exit, $output) = run($copy);
    is("$exit $output", '0 ', 'a copy while nginx runs');
    is(answer($nginx, $before, $home), 'passes', 'disturbs nobody');

    my $after = bind_token($nginx, company => $home);
    revoke($nginx, $revoked->{access_token});
    $nginx->end_binding($ended->{access_token});
    is(answer($nginx, $ended, $home), '401 revoked_token', 'ended');

    my ($restore) = commands($nginx, '### Restore', %paths);
    $nginx->stop;
    ($exit, $output) = run($restore);
    is("$exit $output", '0 ', 'put back');
    $nginx->start;

    is(answer($nginx, $before, $home), 'passes', 'what was bound before is so');
    is(answer($nginx, $before, $foreign), '403 foreign_company', 'still');
    is(answer($nginx, $after, $home), '403 unbound',
       'what was bound after is forgotten');
    is(ask($nginx, $revoked, $home), 401, 'what Procore has revoked is dead');
    is(answer($nginx, $ended, $home), 'passes',
       'what the operator alone has ended works again');
    $nginx->end_binding($ended->{access_token});
    is(answer($nginx, $ended, $home), '401 revoked_token', 'until ended again');

    $nginx->import_records({ access_token => $after->{access_token},
                             company_id => $foreign });
    is(answer($nginx, $after, $home), '403 foreign_company',
       'a known token was bound anew, to another company');
};


subtest 'with "procore_scope_bind none" nothing is bound anew' => sub {
    my $nginx = nginx(server => 'procore_scope_bind none;');
    my $token = bind_token($nginx, company => $home);
    is(answer($nginx, $token, $home), '403 unbound', 'not by its request');
};


# The inode of a file, as a process has it mapped.
sub mapped {
    my ($pid, $file) = @_;

    my ($inode) = Procore::Test::Host::read_file("/proc/$pid/maps")
        =~ /^\S+ \S+ \S+ \S+ (\d+) +\Q$file\E/m;
    return $inode // 0;
}


subtest 'a binary upgrade by hand' => sub {
    my $module = Procore::Test::Config::module_path();
    plan skip_all => 'the module is part of nginx' if $module eq 'static';

    my $dir = File::Temp::tempdir(CLEANUP => 1);
    chmod 0755, $dir;
    copy($module, "$dir/module.so") or die "$module: $!";
    local $ENV{TEST_NGINX_MODULE} = "$dir/module.so";

    my $nginx = nginx(workers => 2);
    my $token = bind_token($nginx, company => $home);
    my ($block) = commands($nginx, '## Upgrade');
    my ($test, $usr2, $winch, $quit) = split /\n/, $block;
    my $old = $nginx->{master};
    my $loaded = mapped($old, "$dir/module.so");

    copy($module, "$dir/new") && rename "$dir/new", "$dir/module.so"
        or die "$dir/new: $!";
    my $replaced = (stat "$dir/module.so")[1];
    isnt($replaced, $loaded, 'a new file in the place of the old one');
    ok($nginx->reload, 'a reload');
    is(mapped($_, "$dir/module.so"), $loaded, 'goes on with the old file')
        for @{ $nginx->pids->{workers} };

    is((run($test))[0], 0, $test =~ s/ .*//r);
    is((run($usr2))[0], 0, 'USR2');
    wait_for(SECONDS, sub {
        my $now = $nginx->pid_file;
        return $now && $now != $old && -e $nginx->dir . '/nginx.pid.oldbin';
    }) or die 'no new master';

    # A master in the foreground, as in a test, passes over WINCH: the old
    # workers serve until the end.
    is((run($winch))[0], 0, 'WINCH');
    is(answer($nginx, $token, $home), 'passes', 'old and new know the token');
    is((run($quit))[0], 0, 'QUIT');
    ok(wait_for(SECONDS, sub { !Procore::Test::Process::alive($old) }),
       'the old master goes');
    $nginx->{master} = $nginx->pid_file;
    is(mapped($_, "$dir/module.so"), $replaced, 'the new file is in use')
        for @{ $nginx->pids->{workers} };
    is(answer($nginx, $token, $foreign), '403 foreign_company', 'all is well');
};


subtest 'a change, seen before it is made' => sub {
    plan skip_all => 'no jq' if system('jq --version >/dev/null 2>&1');

    my ($line) = $manual =~ /^(procore_scope_candidate .*;)$/m
        or die 'no candidate';
    my $nginx = nginx(server => $line);
    my $token = bind_token($nginx, company => $home);
    is(answer($nginx, $token, $home), 'passes', 'what nobody objects to');
    is($nginx->request('GET', "$projects?company_id=$home&own_company_id=1",
                       token => $token->{access_token},
                       company => $home)->{status}, 200, 'passes today');
    $nginx->audit(3);

    my ($query) = commands($nginx, '## A change, seen before it is made');
    my ($exit, $output) = run($query);
    like($output, qr/^\["$crm","unlisted_name",\{.*own_company_id.*\}.*\]\n\z/,
         'and would be refused');
};


subtest 'what a token has done' => sub {
    my $nginx = nginx();
    my $token = bind_token($nginx, company => $home);
    ask($nginx, $token, $home);
    $nginx->audit(2);

    my $file = $nginx->dir . '/conf/token.txt';
    Procore::Test::Host::write_file($file, "$token->{access_token}\n");
    my ($block) = commands($nginx, '### A token has leaked',
                           'token.txt' => $file);
    my ($exit, $output) = run($block);
    is($exit, 0, 'is found');
    like($output, qr/"action":"request"/, 'by its digest');
};


subtest 'who uses a client, and who uses up a limit' => sub {
    plan skip_all => 'no jq' if system('jq --version >/dev/null 2>&1');

    my $nginx = nginx();
    my $token = bind_token($nginx, company => $home);
    standin()->behave({ match => 'GET /rest/v1.0/me', status => 429,
                        body => '{}' });
    $nginx->request('GET', '/rest/v1.0/me', token => $token->{access_token});
    standin()->behave;
    $nginx->audit(2);

    my ($busy) = commands($nginx,
                          '### Procore is down or answers 429');
    my ($exit, $output) = run($busy);
    is("$exit $output" =~ s/ +/ /gr, "0 1 $crm\t$home\n", '429 by client');

    my ($refreshes) = commands($nginx, '### A client secret has leaked');
    ($exit, $output) = run($refreshes);
    is("$exit $output" =~ s/ +/ /gr, "0 1 $crm\t127.0.0.1\n",
       'token requests by address');
};


done_testing();
