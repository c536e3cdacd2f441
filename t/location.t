#!/usr/bin/perl

# Where Procore sends a client to stands in the record.

use Procore::Test;

my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};
my $own_project = $world->{home_project};
my $path = '/rest/v1.0/thing';
my ($nginx, $token);


# The answer to a request whose Location is this, and the record's member.
sub sent {
    my ($location, %rule) = @_;

    my $request = delete $rule{request} // $path;
    standin()->behave({ match => "* /rest/v1.0/thing*", status => 302,
                        body => {}, headers => { Location => $location },
                        %rule });
    my $answer = $nginx->request('GET', $request, token => $token);
    standin()->behave;
    return ($answer, $nginx->next_audit->{procore_scope});
}


sub told {
    my (undef, $record) = sent(@_);

    my $claim = $record->{location} or return 'nothing';
    return join ' ', @$claim{qw(in name kind value verdict)};
}


for my $mode (qw(enforce monitor)) {
    $nginx = nginx(mode => $mode);
    $token = bind_token($nginx, company => $home)->{access_token};
    $nginx->request('GET', "/rest/v1.0/projects/$own_project",
                    token => $token, company => $home);
    $nginx->skip_audit;
    ok(wait_for(10, sub {
        told("/rest/v1.0/projects/$own_project") eq 'nothing';
    }), "$mode: the company's projects are known");

    subtest "$mode: what is told" => sub {
        my $company = "companies company $foreign foreign";

        for my $case (
            ["/rest/v1.0/companies/$foreign/users", "path $company"],
            ["https://us02.procore.com/$foreign/x?company_id=$foreign#a",
             "query company_id company $foreign foreign"],
            ["//h/webclients/companies/$foreign", "path $company"],
            ["companies/$foreign", "path $company"],
            ["?company_id=$foreign",
             "query company_id company $foreign foreign"],
            ["/x?a=1;company_id=$foreign",
             "query company_id company $foreign foreign"],
            ["/rest/v1.0/projects/77?company_id=$foreign",
             "query company_id company $foreign foreign"],
            ['/rest/v1.0/projects/77', 'path projects project 77 unknown'],
            ['/rest/v1.0/companies/7x',
             'path companies company 7x malformed'],
            ["/companies/$foreign/../..", "path $company"],
        ) {
            is(told($case->[0]), $case->[1], $case->[0]);
        }

        is(told("/companies/$foreign", status => $_), "path $company", "a $_")
            for 201, 301, 303, 307, 308;
    };

    subtest "$mode: what is not" => sub {
        for my $location ("/rest/v1.0/companies/$home/users",
            "/rest/v1.0/projects/$own_project?company_id=$home",
            'https://storage.example/file?Signature=a%2Fb', '', '#', '//', ':',
            'x:', "/x#companies/$foreign")
        {
            is(told($location), 'nothing', "'$location'");
        }
        is(told("/companies/$foreign", status => 200), 'nothing', 'a 200');
        is(told(undef), 'nothing', 'no Location');
    };

    subtest "$mode: nothing else changes" => sub {
        my $location = "https://api.procore.com/companies/$foreign";
        my ($answer, $record) = sent($location);
        is("$answer->{status} $answer->{header}{location}", "302 $location",
           'the answer');
        is("$record->{decision} $record->{reason}", 'allow ok',
           'the decision');
        is_deeply($record->{claims}, [], 'the claims of the request');

        my ($long, $kept) = sent('/x?' . 'a' x 200
            . "[company_id]=$foreign", request => "$path?" . join '&',
            map { "a$_" . 'x' x 120 . "_company_id=$home" } 1 .. 20);
        is($kept->{location}{verdict}, 'foreign', 'beside a long record');
    };
}


subtest 'a token without a company' => sub {
    my $free = nginx();
    my $unbound = bind_token($free)->{access_token};
    standin()->behave({ match => 'GET /rest/v1.0/me', status => 302, body => {},
                        headers => { Location => "/companies/$foreign" } });
    $free->skip_audit;
    is($free->request('GET', '/rest/v1.0/me', token => $unbound)->{status},
       302, 'is sent somewhere');
    is($free->next_audit->{procore_scope}{location}, undef,
       'and nobody can tell where that is');
    standin()->behave;
};


done_testing();
