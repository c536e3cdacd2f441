#!/usr/bin/perl

# procore_scope_candidate: what is told of settings that are tried is what they
# do once they are in force, and until then they change nothing.

use Procore::Test;

use constant {
    OWN => 562949953421312,
    FOREIGN => 598134325779301,
    UUID => '11111111-2222-3333-4444-555555555555',
};

my $upstream = upstream();
my ($token, $loose, $ended) = map { "candidate-$_-" . 'x' x 60 }
    qw(own loose ended);
remember($token, $loose, $ended);


sub gateway {
    my (%opt) = @_;

    my $nginx = nginx(api => $upstream->url, lookup => 0, %opt);
    $nginx->import_records(
        { access_token => $token, client => 'crm', company_id => OWN },
        { access_token => $ended, client => 'crm', company_id => OWN },
        { project_id => 1001, company_id => OWN },
        { project_id => 2002, company_id => FOREIGN },
        { project_id => 3003, company_id => 111 },
    );
    $nginx->end_binding($ended);
    return $nginx;
}


my $json = { type => 'application/json' };
my @requests = (
    [GET => '/rest/v1.0/projects'],
    [GET => '/rest/v1.0/projects', company => OWN],
    [GET => '/rest/v1.0/projects', company => FOREIGN],
    [GET => '/rest/v1.0/projects', company => "${\FOREIGN}x"],
    [GET => '/rest/v1.0/companies'],
    [GET => "/rest/v1.0/companies/${\OWN}/users"],
    [GET => "/rest/v1.0/companies/${\FOREIGN}/users"],
    [GET => '/rest/v1.0/companies/7/users'],
    [GET => "/rest/v1.0/companies/${\UUID}/users"],
    [GET => '/rest/v1.0/projects/1001'],
    [GET => '/rest/v1.0/projects/2002'],
    [GET => '/rest/v1.0/projects/3003'],
    [GET => '/rest/v1.0/projects/999'],
    [GET => '/rest/v1.0/projects/1001/../2002'],
    [GET => '/rest/v1.0/rfis?project_id=2002&company_id=' . OWN],
    [GET => '/rest/v1.0/rfis?job_id=1001'],
    [GET => '/rest/v1.0/rfis?job_id=2002'],
    [GET => '/rest/v1.0/rfis?vendor_company_id=7'],
    [GET => '/rest/v1.0/rfis?other_company_id=7'],
    [GET => '/rest/v1.0/rfis?project_id=1001;project_id=2002'],
    [GET => '/beta/things'],
    [GET => '/vapid/projects'],
    [POST => '/rest/v1.0/rfis', %$json, body => '{"project_id":1001}'],
    [POST => '/rest/v1.0/rfis', %$json, body => '{"project_id":2002}'],
    [POST => '/rest/v1.0/rfis', %$json, body => '{"rfi":{"job_id":"2002"}}'],
    [POST => '/rest/v1.0/rfis', %$json, body => '{"a":' . '1' x 500 . '}'],
    [POST => '/rest/v1.0/rfis', %$json, body => '{"project_id":'],
    [POST => '/rest/v1.0/rfis', %$json, body => '{"subject":"x"}'],
    [POST => '/rest/v1.0/rfis', %$json, chunked => 1, pieces =>
        ['{"sub', 'ject":"x","vendor_company', '_id":7}']],
    [POST => '/rest/v1.0/rfis', type => 'application/xml', body => '<a/>'],
    [POST => '/rest/v1.0/rfis', form => [other_company_id => 7]],
    [POST => "/rest/v1.0/rfis?company_id=${\FOREIGN}", %$json,
     body => '{"project_id":1001}'],
    [GET => '/rest/v1.0/projects', token => $loose],
    [GET => '/rest/v1.0/me', token => $loose],
    [GET => '/rest/v1.0/projects', token => $ended],
    [GET => '/rest/v1.0/projects', token => undef],
    [GET => "/rest/v1.0/projects?access_token=$token"],
);


# Each request's record, of one gateway.
sub records {
    my ($nginx) = @_;

    $nginx->skip_audit;
    for my $request (@requests) {
        my ($method, $target, %opt) = @$request;
        $nginx->request($method, $target, token => $token, %opt);
    }
    return map { $_->{procore_scope} } $nginx->next_audit(scalar @requests);
}


sub in_force {
    my (@settings) = @_;

    return join ' ', map { "procore_scope_$_;" } @settings;
}


sub tried {
    my (@settings) = @_;

    return join ' ', map { "procore_scope_candidate $_;" } @settings;
}


my %settings = (
    'names' => ['names project job_id', 'names company other_company_id'],
    'names to ignore' => ['ignore vendor_company_id', 'unlisted deny'],
    'unlisted names' => ['unlisted deny'],
    'paths' => ['paths /rest/ /beta/'],
    'a small body' => ['body_size 100'],
    'no header' => ['header off'],
    'an alias' => ['alias ' . OWN . ' ' . UUID],
    'an alias of another company' => ['alias ' . FOREIGN . ' ' . UUID],
    'an exception' => ['exception ' . FOREIGN],
    'an exception with projects' => ['exception 111 project=3003 client=crm'],
    'an exception for another app' => ['exception 111 project=3003 client=x'],
    'an exception that has run out' => ['exception 111 until=2001-01-01'],
    'several' => ['names project job_id', 'exception ' . FOREIGN,
                  'unlisted deny', 'ignore vendor_company_id', 'paths /rest/'],
);


my %enforced = map { $_ => 1 } 'several', 'a small body', 'no header',
    'an exception';
my %plain = map {
    my $nginx = gateway(mode => $_);
    my @told = map { told($_) } records($nginx);
    $nginx->stop;
    ($_ => \@told);
} qw(monitor enforce);


for my $name (sort keys %settings) {
    my @list = @{ $settings{$name} };

    subtest $name => sub {
        my @expect = (expect => [qr/has run out/]);
        my $then = gateway(server => in_force(@list), @expect);
        my @then = records($then);

        for my $mode ('monitor', grep { $enforced{$name} } 'enforce') {
            my $now = gateway(server => tried(@list), mode => $mode, @expect);
            my @now = records($now);
            is_deeply([map { told($_) } @now], $plain{$mode},
                      "$mode: nothing has changed");
            is_deeply([wrong(\@now, \@then)], [],
                      "$mode: it told what the settings do");
            $now->stop;
        }
        $then->stop;
    };
}


sub told {
    my ($record) = @_;

    return join ' ', map { $_ // '-' } @$record{qw(decision reason)};
}


# Requests of which the candidate has told something else than what happens.
# Where the head decided, nobody has looked at the body: that is open.
sub wrong {
    my ($now, $then) = @_;

    my @wrong;
    for my $i (0 .. $#requests) {
        my $tried = $now->[$i]{candidate};
        my $is = told($tried);
        my $should = told($then->[$i]);
        my $open = $now->[$i]{decision} =~ /deny/
            && $requests[$i][0] eq 'POST';
        next if $is eq $should || ($open && $is eq '- -');
        push @wrong, "@{ $requests[$i] }[0, 1]: $is, not $should";
    }
    return @wrong;
}


subtest 'one pass, one record' => sub {
    my $nginx = gateway(mode => 'monitor', server => tried('unlisted deny')
        . ' access_log logs/tried.log tried;',
        http => q(log_format tried '$uri [$procore_scope_candidate]';));

    my $record = do {
        $nginx->skip_audit;
        $nginx->request(GET => '/rest/v1.0/rfis?other_company_id=7',
                        token => $token);
        $nginx->next_audit->{procore_scope};
    };
    is($record->{decision}, 'allow', 'what is');
    is_deeply($record->{candidate}, {
        decision => 'deny', reason => 'unlisted_name', claim => {
            in => 'query', name => 'other_company_id', kind => 'unlisted',
            value => 'other_company_id', verdict => 'unknown' } },
        'what would be, and why');

    my $log = $nginx->dir . '/logs/tried.log';
    ok(wait_for(5, sub {
        Procore::Test::Host::read_file($log)
            =~ m{^/rest/v1.0/rfis \[deny unlisted_name\]$}m;
    }), 'as a variable');
};


subtest 'inheritance' => sub {
    my $other = '/rest/v1.0/rfis?other_company_id=7';
    my $job = '/rest/v1.0/rfis?job_id=2002';
    my $seen = sub {
        my ($prefix, %opt) = @_;
        my $nginx = gateway(%opt, mode => 'monitor');
        $nginx->skip_audit;
        $nginx->request(GET => $_, token => $token) for $other, $job;
        my @seen = map { my $tried = $_->{procore_scope}{candidate};
                         $tried ? told($tried) : 'none' }
            $nginx->next_audit(2);
        $nginx->stop;
        return \@seen;
    };

    is_deeply($seen->('', location => ''), ['none', 'none'], 'none');
    is_deeply($seen->('', server => tried('unlisted deny')),
              ['deny unlisted_name', 'allow ok'], 'from the server');
    is_deeply($seen->('', server => tried('unlisted deny'), location =>
                      tried('names project job_id')),
              ['deny unlisted_name', 'deny foreign_project'],
              'a location adds a setting');
    is_deeply($seen->('', server => tried('unlisted deny'),
                      location => tried('unlisted report')),
              ['allow ok', 'allow ok'], 'or replaces it');
    is_deeply($seen->('', server => in_force('names project job_id')
                      . tried('names none')),
              ['allow ok', 'allow ok'], 'a list without anything');
    is_deeply($seen->('', http => tried('names project job_id'),
                      server => tried('ignore other_company_id'),
                      location => tried('unlisted deny')),
              ['allow ok', 'deny foreign_project'],
              'names and names to ignore are two lists');
};


subtest 'what nginx -t refuses' => sub {
    for my $case (
        ['mode enforce', qr/cannot try "mode": it takes alias, body_size/],
        ['store /tmp', qr/cannot try "store"/],
        ['unlisted', qr/invalid number of arguments/],
        ['unlisted deny report', qr/invalid number of arguments of "unlisted"/],
        ['unlisted maybe', qr/"maybe" is neither "report" nor "deny"/],
        ['names project', qr/invalid number of arguments of "names"/],
        ['exception acme', qr/"acme" in "procore_scope_exception" is not an id/],
        ['header perhaps', qr/invalid value "perhaps"/],
        ['ignore company_id', qr/built-in name "company_id" cannot be/],
        ['paths rest', qr/"rest" does not begin with/],
        ['paths none', qr/"none" does not begin with/],
    ) {
        my ($setting, $sentence) = @$case;
        my ($exit, $output) = config_test(server => tried($setting));
        isnt($exit, 0, $setting);
        like($output, $sentence, 'in a sentence');
    }
    config_ok('none', server => tried('exception none', 'alias none',
                                      'ignore none', 'names none'));
};


done_testing();
