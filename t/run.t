#!/usr/bin/perl

# "make run": the example configuration of the documents, in front of the
# stand-in and of https hosts whose certificates are checked.

use Procore::Test;

use File::Temp ();
use IO::Socket::INET;

use Procore::Test::Host;
use Procore::Test::OAuth ();
use Procore::Test::Process;

use constant SECONDS => 60;

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};


# Runs the script until something listens; what it printed, and the gateway.
sub run {
    my (%env) = @_;

    my $dir = File::Temp::tempdir(CLEANUP => 1);
    my $port = free_port(2);
    my $out = "$dir/output";
    my $group = Procore::Test::Process::spawn(
        command => ['scripts/run'], out => $out,
        env => { PORT => $port, RUN_DIR => "$dir/run", %env });
    my $text = '';

    wait_for(SECONDS, sub {
        $text = Procore::Test::Host::read_file($out);
        return $text =~ /Ctrl-C/ || !Procore::Test::Process::alive($group);
    });
    return (bless({ port => $port }, 'Procore::Test::Host'), $text, $group,
            "$dir/run");
}


subtest 'in front of the stand-in' => sub {
    my ($gateway, $said, $group, $dir) = run();

    like($said, qr{http://127\.0\.0\.1:\d+/oauth/authorize}, 'says what to try');
    my $token = Procore::Test::OAuth::bind_token($gateway, $gateway,
                                                 company => $home);
    my %opt = (token => $token->{access_token});
    my $own = $gateway->request('GET', "/rest/v1.0/projects?company_id=$home",
                                %opt);
    is($own->{status}, 200, 'the own company answers');
    my $other = $gateway->request('GET',
                                  "/rest/v1.0/projects?company_id=$foreign",
                                  %opt);
    is($other->{json}{reason}, 'foreign_company', 'another one does not');
    my $project = $own->{json}[0]{id};
    is($gateway->request('GET', "/rest/v1.0/projects/$project", %opt)->{status},
       200, 'a project is looked up');
    like(Procore::Test::Host::read_file("$dir/log/procore-audit.log"),
         qr/"reason":"foreign_company"/, 'the audit is where it is said to be');
    Procore::Test::Process::kill_group($group);
};


subtest 'in front of https hosts' => sub {
    my $standin = standin(tls => 1);
    my $url = 'https://localhost:' . $standin->port;

    my ($gateway, $said, $group) =
        run(LOGIN => $url, API => $url, CA => $standin->ca);
    like($said, qr/\Q$url\E/, 'says what is behind it');
    my $token = Procore::Test::OAuth::bind_token($gateway, $gateway,
                                                 company => $home);
    my %opt = (token => $token->{access_token});
    my $own = $gateway->request('GET', "/rest/v1.0/projects?company_id=$home",
                                %opt);
    is($own->{status}, 200, 'a verified host answers');
    my $project = $own->{json}[0]{id};
    is($gateway->request('GET', "/rest/v1.0/projects/$project", %opt)->{status},
       200, 'so does the lookup');
    Procore::Test::Process::kill_group($group);

    ($gateway, $said, $group) = run(LOGIN => $url, API => $url);
    is($gateway->request('GET', '/oauth/authorize')->{status}, 502,
       'a host that nobody vouches for is not talked to');
    Procore::Test::Process::kill_group($group);
};


subtest 'what is wrong is said' => sub {
    my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1,
                                      LocalPort => free_port(2) + 1)
        or die "listen: $!";
    my $port = $taken->sockport;

    for (['LOGIN alone' => qr/LOGIN and API go together/,
          LOGIN => 'https://login.example.com'],
         ['no URL' => qr/a scheme and a host/, LOGIN => 'x', API => 'y'],
         ['no such CA' => qr/no such file of certificates/, CA => '/none',
          LOGIN => 'https://a.example.com', API => 'https://b.example.com'],
         ['no port' => qr/is no port/, PORT => 'x'],
         ['a port that is taken' => qr/listens on port $port already/,
          PORT => $port],
         ['the one of the stand-in' => qr/listens on port $port already/,
          PORT => $port - 1])
    {
        my ($name, $expected, %env) = @$_;
        my (undef, $said) = run(%env);
        like($said, $expected, $name);
    }
};

done_testing;
