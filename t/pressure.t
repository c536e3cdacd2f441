#!/usr/bin/perl

# Much at once: a body with a thousand projects, a company with ten thousand, a
# thousand requests that nobody has an answer for. Each is decided by one look
# at the company's list.

use Procore::Test;
use Procore::Test::Lookup qw(reason LIST);

use JSON::PP ();

use constant {
    OWN => 562949953421312,
    FOREIGN => 598134325779301,
    PROJECTS => 10_000,
    PAGE => 300,
    FIRST => 3_000_001,         # the ids follow each other
    FOREIGN_PROJECT => 2002,
    NOBODYS => 9_000_000,
    MANY => 1000,
    DELAY => 1,                 # seconds for a list, so that others come
};

my $json = JSON::PP->new->canonical;
my $list = LIST;
my @ids = map { FIRST + $_ } 0 .. PROJECTS - 1;
my $token = 'pressure-' . 'x' x 40;
remember($token);


# A gateway that knows the token, and Procore behind it.
sub fresh {
    my ($answer, %opt) = @_;

    my $api = upstream(answer => sub {
        return $_[0] =~ m{^GET \Q$list\E\?(\S*)} ? $answer->($1) : with('{}');
    });
    my $nginx = nginx(api => $api->url, workers => 2, %opt);
    $nginx->import_records(
        { access_token => $token, client => 'app', company_id => OWN },
        { project_id => FOREIGN_PROJECT, company_id => FOREIGN });
    return ($nginx, $api);
}


sub with {
    my ($body, @lines) = @_;

    return join "\r\n", 'HTTP/1.1 200 OK', 'Content-Type: application/json',
        'Content-Length: ' . length $body, @lines, '', $body;
}


# Both shapes of the list.
sub bare { return with($json->encode(\@ids)) }


sub objects {
    my ($query) = @_;

    my $page = $query =~ /(?:^|&)page=(\d+)/ ? $1 : 1;
    my $first = ($page - 1) * PAGE;
    my $last = $first + PAGE - 1;
    my @next = $last < $#ids ? 'Link: <https://x.example/>; rel="next"' : ();
    $last = $#ids if $last > $#ids;
    return with($json->encode([map { {
        id => $_, name => "Project $_", company => { id => OWN },
    } } @ids[$first .. $last]]), @next);
}


sub lookups {
    my ($api) = @_;

    return grep { m{^GET \Q$list\E\?} } $api->requests;
}


sub project {
    my ($nginx, $id) = @_;

    return reason($nginx->request('GET', "/rest/v1.0/projects/$id",
                                  token => $token));
}


sub sync {
    my ($nginx, @projects) = @_;

    return reason($nginx->request(
        'PATCH', '/rest/v1.0/projects/sync', token => $token,
        json => { company_id => OWN,
                  updates => [map { { id => $_, name => 'x' } } @projects] }));
}


subtest 'ten thousand projects, as bare ids' => sub {
    my ($nginx, $api) = fresh(\&bare);

    is(project($nginx, $ids[-1]), '200 -', 'the last one');
    is(project($nginx, $ids[$_ * 997]), '200 -', "number $_") for 0 .. 9;
    is(project($nginx, NOBODYS), '403 unknown_project', 'one too many');
    is(scalar lookups($api), 1, 'one call');
};


subtest 'ten thousand projects, as objects' => sub {
    my ($nginx, $api) = fresh(\&objects);

    is(project($nginx, NOBODYS), '403 unknown_project',
       'what is on no page');
    is(project($nginx, $ids[$_ * 997]), '200 -', "number $_") for 0 .. 9;
    is(scalar lookups($api), 1 + 34, 'each page once, after the first look');
};


subtest 'a thousand projects in one body' => sub {
    my ($nginx, $api) = fresh(\&bare);
    my @some = @ids[0 .. MANY - 1];

    is(sync($nginx, @some[0 .. MANY - 2], FOREIGN_PROJECT),
       '403 foreign_project', 'one that is known to be foreign');
    is(scalar lookups($api), 0, 'needs no list');
    is(sync($nginx, @some), '200 -', 'all are the own');
    is(sync($nginx, @some[0 .. MANY - 2], NOBODYS), '403 unknown_project',
       'one is nobody\'s');
    is(scalar lookups($api), 1, 'one call');

    my @sent = grep { /^PATCH / } $api->requests;
    is(scalar @sent, 1, 'what was allowed went up');
    like($sent[0], qr/"id":$some[-1]\D/, 'to its end');
};


subtest 'a thousand requests for projects of nobody at once' => sub {
    my ($nginx, $api) = fresh(sub { sleep DELAY; return bare() });

    my @asked = map { ask($nginx, NOBODYS + $_) } 1 .. MANY;
    my %count;
    $count{ reason($_->response('GET')) }++ for @asked;
    is_deeply(\%count, { '403 unknown_project' => MANY }, 'all are refused');
    is(scalar lookups($api), 1, 'one call');
    is(scalar(grep { !m{^GET \Q$list\E\?} } $api->requests), 0,
       'nothing else went up');
};


sub ask {
    my ($nginx, $id) = @_;

    my $connection = $nginx->connect;
    $connection->send("GET /rest/v1.0/projects/$id HTTP/1.1\r\nHost: x\r\n"
        . "Authorization: Bearer $token\r\nConnection: close\r\n\r\n");
    return $connection;
}


done_testing();
