#!/usr/bin/perl

# The examples of the documents, as they stand there: each parses, and does
# what it is for. Systems that surround nginx are in t/examples_system.t.

use Procore::Test;

use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();

use Procore::Test::Certificate;
use Procore::Test::Example;
use Procore::Test::Host ();
use Procore::Test::OAuth ();

use constant SECONDS => 10;    # until a datagram has come

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my $projects = '/rest/v1.0/projects';


# A running gateway with an example. Options: those of nginx(), and "local"
# for Example::local_text.
sub gateway {
    my ($name, %opt) = @_;

    my $text = Procore::Test::Example::local_text(
        Procore::Test::Example::content("docs/examples/$name"),
        %{ delete $opt{local} || {} });
    return nginx(%opt, conf => Procore::Test::Example::around($text));
}


# A token that the gateway has not seen.
sub stranger {
    return Procore::Test::OAuth::bind_token(standin(), standin(), @_)
        ->{access_token};
}


# The answer to a request over TLS. "as" is a certificate of the client.
sub curl {
    my ($nginx, $url, %opt) = @_;

    my $dir = File::Temp->newdir;
    my @command = ('curl', '-sS', '-D', "$dir/head", '-o', "$dir/body",
        '--stderr', "$dir/err", '--cacert', $opt{ca},
        '--connect-to', '::127.0.0.1:' . $nginx->port);
    push @command, '-H', "Authorization: Bearer $opt{token}" if $opt{token};
    push @command, '--cert', $opt{as}{cert}, '--key', $opt{as}{key}
        if $opt{as};
    push @command, @{ $opt{more} || [] };
    my $exit = system(@command, $url) >> 8;
    return Procore::Test::Host::response("$dir", $exit);
}


# Status, and the reason where the module refused.
sub said {
    my ($answer) = @_;

    my $reason = $answer->{header}{'procore-scope-reason'};
    return join ' ', $answer->{status}, $reason // ();
}


my $folder = File::Temp::tempdir(CLEANUP => 1);
my $authority = Procore::Test::Certificate->authority($folder);


subtest 'each example parses' => sub {
    for my $file (glob 'docs/examples/*.conf docs/examples/container/*.conf') {
        my ($ok, $output) = Procore::Test::Example::parses(
            Procore::Test::Example::content($file));
        ok($ok, $file) or diag($output);
        unlike($output, qr/\[warn\]/, 'without a warning');
    }
};


subtest 'client certificates' => sub {
    my $gateway = $authority->issue('gw.example.com', 'DNS:gw.example.com');
    my %app = map { $_ => $authority->issue($_) }
        qw(crm-connector site-camera somebody);
    # nginx says this of the forged certificate.
    my $nginx = gateway('client-certificates.conf',
        expect => [qr/ignoring stale global SSL error/], local => { file => {
        '/etc/ssl/certs/gateway.pem' => $gateway->{cert},
        '/etc/ssl/private/gateway.key' => $gateway->{key},
        '/etc/ssl/certs/apps-ca.pem' => $authority->ca } });
    my $ask = sub {
        my ($as, $token, $company) = @_;
        return said(curl($nginx,
            "https://gw.example.com$projects?company_id=$company",
            ca => $authority->ca, token => $token,
            as => $as && $app{$as}));
    };

    my ($one, $two, $three) = map { stranger() } 1 .. 3;
    is($ask->('crm-connector', $one, $home), '200', 'the company of an app');
    is($ask->('crm-connector', $one, $foreign), '403 foreign_company',
       'is its only one');
    is($ask->('site-camera', $two, $foreign), '200', 'another app has another');
    is($ask->('site-camera', $one, $foreign), '403 rebind',
       'a token of one app is of no use to the other');
    is($ask->('somebody', $three, $home), '403 unbound',
       'a certificate that is not listed has no company');
    is($ask->(undef, $one, $home), '400', 'none at all is refused by nginx');

    my $other = Procore::Test::Certificate->authority(
        File::Temp::tempdir(CLEANUP => 1))->issue('crm-connector');
    $app{forged} = $other;
    is($ask->('forged', $one, $home), '400',
       'nor is one of another authority believed');
};


subtest 'hard-coded hosts' => sub {
    my $host = $authority->issue('procore', 'DNS:login.procore.com',
                                 'DNS:api.procore.com');
    my $nginx = gateway('hard-coded-hosts.conf', local => { file => {
        '/etc/ssl/certs/procore-internal.pem' => $host->{cert},
        '/etc/ssl/private/procore-internal.key' => $host->{key} } });
    my %tls = (ca => $authority->ca);

    my $client = $world->{clients}{crm};
    my $code = Procore::Test::OAuth::authorize_code(standin());
    my $answer = curl($nginx, 'https://login.procore.com/oauth/token', %tls,
        more => ['-F', 'grant_type=authorization_code', '-F', "code=$code",
                 '-F', "client_id=$client->{id}",
                 '-F', "client_secret=$client->{secret}",
                 '-F', "redirect_uri=$client->{redirect_uris}[0]",
                 '-F', "company_id=$home"]);
    is($answer->{json}{company_id}, $home, 'a token of the login host');
    my $token = $answer->{json}{access_token};
    remember($client->{secret}, $token, $answer->{json}{refresh_token});

    my $ask = sub {
        return said(curl($nginx, "https://$_[0]", %tls, token => $token));
    };
    is($ask->("api.procore.com$projects?company_id=$home"), '200',
       'is known at the API');
    is($ask->("api.procore.com$projects?company_id=$foreign"),
       '403 foreign_company', 'and kept to its company');
    is($ask->('api.procore.com/rest/v1.0/projects/2001/rfis'),
       '403 unknown_project', 'projects are looked up');
    is($ask->("login.procore.com$projects?company_id=$foreign"),
       '403 foreign_company', 'the login host is no way around');
    is($ask->('login.procore.com/login'), '403 unlisted_path',
       'nor to its other pages');

    my $elsewhere = curl($nginx, 'https://other.example.com/', %tls,
                         more => ['-k']);
    is($elsewhere->{status} || 0, 0, 'another name gets no handshake');
};


# The sample of the example, made to take all or nothing of what can be thinned.
sub thinned {
    my ($sample) = @_;

    my $text = Procore::Test::Example::local_text(
        Procore::Test::Example::content('docs/examples/thin-audit.conf'));
    $text =~ s/^    1%  1;\n    \*   "";/    *   $sample;/m or die 'no sample';
    my $key = Procore::Test::Example::file('/etc/nginx/procore/audit.key');
    my $nginx = nginx(conf => Procore::Test::Example::around(
        "procore_scope_audit_key $key;\n$text"));

    my $token = bind_token($nginx, company => $home)->{access_token};
    $nginx->request('GET', $_, token => $token)
        for "$projects?company_id=$home", '/rest/v1.0/me',
            "$projects?company_id=$foreign", '/rest/v1.0/me';
    $nginx->stop;

    my $log = $nginx->dir . '/logs/procore-audit.log';
    my @records = map {
        my $record = JSON::PP->new->utf8->decode($_);
        "$record->{event}{action} $record->{event}{reason}";
    } split /\n/, Procore::Test::Host::read_file($log);
    my $said = qx(./procore-scope audit verify --complete --key $key \\
        --store @{[ $nginx->store ]} $log 2>&1);
    my %audit = (said => $said, exit => $? >> 8);
    $audit{$_}++ for @records;
    return \%audit;
}


subtest 'a thin audit' => sub {
    my ($thin, $full) = map { thinned($_) } '""', 1;

    for my $audit ($thin, $full) {
        is($audit->{'request foreign_company'}, 1, 'refusals are there');
        is($audit->{'bind ok'}, 1, 'so are bindings');
        is($audit->{exit}, 0, 'a sealed audit has no gap')
            or diag($audit->{said});
    }
    is($full->{'request ok'} - ($thin->{'request ok'} // 0), 3,
       'what passes is a matter of the sample');
};


subtest 'limits' => sub {
    # A slow rate, so that the test may take its time.
    my $text = Procore::Test::Example::content('docs/examples/limits.conf');
    $text =~ s{rate=\d+r/s}{rate=1r/m}g == 2 or die 'no rates';
    my $nginx = nginx(conf => Procore::Test::Example::around(
        Procore::Test::Example::local_text($text)));
    my ($one, $two) = map {
        bind_token($nginx, company => $home)->{access_token}
    } 1 .. 2;
    my $ask = sub {
        return $nginx->request('GET', '/rest/v1.0/me',
                               $_[0] ? (token => $_[0]) : ())->{status};
    };

    my %seen;
    $seen{ $ask->($one) }++ for 1 .. 60;
    is_deeply(\%seen, { 200 => 41, 429 => 19 },
              'after its burst a token is told to wait');
    is($ask->($two), 200, 'others do not wait for it');

    my %bare;
    $bare{ $ask->() }++ for 1 .. 40;
    # The two token requests had none either.
    is_deeply(\%bare, { 401 => 21 - 2, 429 => 19 + 2 },
              'without a token, the address counts');
    is($ask->($two), 200, 'and only without one');
};


subtest 'log shipping' => sub {
    my $collector = IO::Socket::INET->new(Proto => 'udp',
                                          LocalAddr => '127.0.0.1')
        or die "udp: $!";
    my $text = Procore::Test::Example::content(
        'docs/examples/log-shipping.conf');
    my $port = $collector->sockport;
    $text =~ s/server=127\.0\.0\.1:514/server=127.0.0.1:$port/ or die 'no 514';
    my $nginx = nginx(conf => Procore::Test::Example::around(
        Procore::Test::Example::local_text($text)));

    my $answer = $nginx->request('GET', "$projects?company_id=$home");
    ok(IO::Select->new($collector)->can_read(SECONDS), 'a message comes');
    $collector->recv(my $message, 65_536);
    my ($head, $record) = $message =~ /^(.*? procore: )(\{.*\})$/;
    like($head, qr/^<182>/, 'with facility and severity');
    is(JSON::PP->new->utf8->decode($record)->{event}{reason}, 'missing_token',
       'the record, whole');
    wait_for(SECONDS, sub { -s $nginx->dir . '/logs/procore-audit.log' });
    is(Procore::Test::Host::read_file($nginx->dir . '/logs/procore-audit.log'),
       "$record\n", 'the same as in the file');
};


done_testing();
