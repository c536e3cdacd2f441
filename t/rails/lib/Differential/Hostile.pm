package Differential::Hostile;

# Requests that name something foreign, or bring another token, in some place
# and some spelling.

use strict;
use warnings;

use Exporter 'import';

use Differential::Body qw(body_of form_of);
use Differential::Spelling qw(FOREIGN OWN digits_of foreign_of mangled odd_of
                              own_of spelt);

our @EXPORT_OK = qw(hostile);

my %paths = (
    none => ['/rest/v1.0/observations/items', '/rest/v1.0/rfis/7',
             '/rest/v1.0/projects', '/rest/v1.1/projects', '/rest/v1.0/me',
             '/rest/v1.0/companies', '/vapid/projects', '/rest/v2.0/items',
             '/rest/v1.0/projects/sync', '/rest/v1.0/timecard_entries'],
    company => ['/rest/v1.0/companies/%s/projects',
                '/rest/v1.0/companies/%s', '/vapid/companies/%s/users',
                '/rest/v2.0/companies/%s/workflows',
                '/rest/v1.0/workforce-planning/v2/companies/%s/people'],
    project => ['/rest/v1.0/projects/%s', '/rest/v1.0/projects/%s/rfis',
                '/rest/v1.0/project/%s/rfis', '/vapid/projects/%s/rfis/9',
                '/rest/v1.1/projects/%s/rfis', '/rest/v1.0/a/projects/%s'],
);


sub hostile {
    my ($random) = @_;

    my $kind = $random->pick('company', 'company', 'project', 'project',
                             'token');
    my $place = $random->pick(('query') x 3, ('path') x 3, ('body') x 4,
                              'header');
    $place = $random->pick('query', 'body', 'header')
        if $kind eq 'token' && $place eq 'path';
    my $case = {
        expect => 'foreign', headers => [],
        path => own_path($random),
        method => $random->pick(qw(GET GET GET POST PATCH PUT DELETE)),
    };
    push @{ $case->{headers} }, [Authorization => 'Bearer OWNTOKEN'];
    push @{ $case->{headers} }, ['Procore-Company-Id', OWN]
        if $random->chance(50);
    $case->{query} = 'company_id=' . OWN if $random->chance(10);

    in_path($random, $case, $kind) if $place eq 'path';
    in_query($random, $case, $kind) if $place eq 'query';
    in_body($random, $case, $kind) if $place eq 'body';
    in_header($random, $case, $kind) if $place eq 'header';
    without_token($random, $case) if $kind eq 'token' && $random->chance(50);
    disturb_target($random, $case) if $random->chance(5);
    disturb_headers($random, $case) if $random->chance(12);
    frame($random, $case);
    return $case;
}


sub own_path {
    my ($random) = @_;

    my $kind = $random->pick('none', 'none', 'company', 'project');
    my $path = $random->pick(@{ $paths{$kind} });
    return $kind eq 'none' ? $path : sprintf $path, own_of($kind);
}


# ---- path -------------------------------------------------------------------

sub in_path {
    my ($random, $case, $kind) = @_;

    $case->{path} = sprintf $random->pick(@{ $paths{$kind} }),
        segment($random, $kind);
    $case->{path} =~ s{/rest/}{/rest/v1.0/companies/@{[OWN]}/projects/../}
        if $random->chance(2);
    if ($random->chance(12)) {
        my $both = '/rest/v1.0/companies/' . own_of('company') . '/projects/';
        $case->{path} = $both . segment($random, 'project');
    }
    disturb_path($random, $case) if $random->chance(30);
    $case->{query} //= 'company_id=' . OWN if $random->chance(10);
    return;
}


sub segment {
    my ($random, $kind) = @_;

    my $id = foreign_of($kind);
    my $own = own_of($kind);
    return digits_of($random, $id) if $random->chance(45);
    my $odd = odd_of($random, $kind);
    $odd =~ s{([\x00-\x20"#<>?/\x7f-\xff])}{sprintf '%%%02X', ord $1}ge;
    return digits_of($random, $odd) if $random->chance(60);
    return $random->pick(
        "$id.json", "$id%2ejson", "$id.$own", "$own.$id", "$id;x=1",
        "$own;$id", "$id%00", "$id%0a", "%20$id", "+$id", "$id%", "$id%zz",
        "$id%2F$own", "$own%2F$id", "$id%2f..%2f$own", "$own%2f..%2f$id",
        "$id%5c", "$id\\..\\$own", "$own/../$id", "$id/../$own",
        "$id/%2e%2e/$own", "$own/%2e%2e/$id", "$id/.%2e/$own", "$id/./",
        "./$id", "%2e/$id", "$id/..;/$own", "$id/..%2f$own", "/$id", "//$id",
        "$id/", "$id//", "$id.", "$id..", "$id...", "..$id", "$id,$own",
        "$own,$id", "$id%c0%ae%c0%ae/$own", "%ef%bc%91$id", "%c0%b5$id",
        "$id%ff", "%d9%a0$id", "$id&x=1", "$id=1", "$id:1", "$id\@1", "~$id",
        "$id-7d1f0c52-0f0a-4d5e-9a55-000000000000", "%25$id", "$id%3F",
        "$id%23x", "%31$id", "a/$id", "sync/../$id", "x%2f..%2f$id",
        "$id%3bx", '%' . unpack('H2', $id) . substr($id, 1), "$own#/$id");
}


sub disturb_path {
    my ($random, $case) = @_;

    my $path = $case->{path};
    my @cuts = grep { substr($path, $_, 1) eq '/' } 0 .. length($path) - 1;
    my $at = $random->pick(@cuts);
    my $way = $random->below(9);
    substr $path, $at, 1, $random->pick(
        '//', '/./', '/%2e/', '/x/../', '/x/%2e%2e/', '%2f', '%2F', '/%2f',
        '/.%2e/..', '\\', '%5c', '/;/', '/.;x/', '/%00/', '///', '/..//',
        '/x/..;/', '/%252e/', '/%c0%ae/', '/ ', '/%20/', '/a%2f../')
        if $way < 4;
    $path =~ s{(companies|projects?|rest|vapid)}
              {$random->pick(uc $1, ucfirst $1, "$1;x=1", "$1%20", "$1.",
                             digits_of($random, $1), "$1.json", "%20$1")}e
        if $way == 4;
    $path .= $random->pick('/', '//', '.json', '.', ';', ';x=1', '%00',
                           '%2f', '/.', '/..', '#x', '#/../', '%0d%0a', '.xml',
                           '?', '%3fx=1', '/%2e%2e', '*', '/-')
        if $way == 5;
    $path =~ s{v1\.\d}{$random->pick('v99.99', 'v1', 'v01.0', 'v1.00',
                                     'v1%2e0', 'V1.0', '', '.', 'x')}e
        if $way == 6;
    $path = $random->pick('http://127.0.0.1', 'http://other.example:81',
                          'HTTP://x', 'https://x', 'http://u@x', '/', '*',
                          'http://x/..', 'http://127.0.0.1/', '/.', '/rest/..')
        . $path if $way == 7;
    $path = "/oauth/..$path" if $way == 8 && $random->chance(30);
    $case->{path} = $path;
    return;
}


# ---- query, body ------------------------------------------------------------

sub in_query {
    my ($random, $case, $kind) = @_;

    $case->{query} = form_of($random, $kind);
    $case->{query} = mangled($random, $case->{query}) if $random->chance(10);
    $case->{query} =~ s/ /%20/g unless $random->chance(10);
    $case->{query} =~ s/#/%23/g unless $random->chance(10);
    $case->{query} =~ s/[\r\n\0]//g;
    updates($random, $case) if $random->chance(4);
    return;
}


sub in_body {
    my ($random, $case, $kind) = @_;

    my ($types, $body) = body_of($random, $kind);
    $body = mangled($random, $body) if $random->chance(15);
    @$types = map { mangled($random, $_) =~ s/[\0\r\n]//gr } @$types
        if $random->chance(3);
    $case->{body} = $body;
    $case->{method} = $random->pick(qw(POST POST POST PATCH PUT GET DELETE
                                       HEAD OPTIONS PROPFIND SEARCH REPORT))
        if $case->{method} eq 'GET';
    push @{ $case->{headers} }, map { ['Content-Type', $_] } @$types;
    push @{ $case->{headers} }, ['Content-Encoding', $random->pick(
        'gzip', 'identity', 'deflate', 'x', '', 'gzip, identity', 'br')]
        if $random->chance(3);
    updates($random, $case) if $random->chance(6);
    return;
}


# What counts on projects/sync alone.
sub updates {
    my ($random, $case) = @_;

    my $id = odd_of($random, 'project');
    $case->{path} = $random->pick(
        '/rest/v1.0/projects/sync', '/rest/v1.0/projects/sync.json',
        '/rest/v1.0/projects//sync', '/rest/v1.0/projects/sync/',
        '/vapid/projects/sync', '/rest/v1.0/projects/%73ync',
        '/rest/v1.0/companies/' . OWN . '/projects/sync',
        '/rest/v9.9/projects/sync');
    if (defined $case->{body}) {
        $case->{headers} = [grep { $_->[0] !~ /^content-/i }
                            @{ $case->{headers} }];
        my $json = $random->chance(60);
        push @{ $case->{headers} }, ['Content-Type', $json ? 'application/json'
            : 'application/x-www-form-urlencoded'];
        my $text = $id =~ /^\d+\z/ ? $id : '"' . $id =~ s/["\\]//gr . '"';
        $case->{body} = $json
            ? $random->pick("{\"updates\":[{\"id\":$text}]}",
                            "{\"updates\":{\"id\":$text}}",
                            "{\"updates\":{\"0\":{\"id\":$text}}}",
                            "{\"updates\":{\"x\":{\"id\":$text}}}",
                            "[{\"updates\":[{\"id\":$text}]}]",
                            "{\"project\":{\"updates\":[{\"id\":$text}]}}",
                            "{\"updates\":[{\"id\":[$text]}]}",
                            "{\"updates\":[[{\"id\":$text}]]}")
            : $random->pick('updates[][id]=', 'updates[0][id]=',
                            'updates[id]=', 'updates[x][id]=',
                            'updates[-1][id]=', 'updates[][x]=1&updates[][id]=',
                            'project[updates][][id]=', '[updates][][id]=')
                . spelt($random, $id);
    } else {
        $case->{query} = $random->pick('updates[][id]=', 'updates[0][id]=',
                                       'updates[x][id]=', 'updates[][id[]=',
                                       'updates[[id]]=')
            . spelt($random, $id) =~ s/[ #]/+/gr;
    }
    return;
}


# ---- headers ----------------------------------------------------------------

sub in_header {
    my ($random, $case, $kind) = @_;

    return other_token($random, $case) if $kind eq 'token';

    my $value = odd_of($random, 'company') =~ s/[\0\r\n]//gr;
    my $name = $random->chance(60) ? 'Procore-Company-Id' : $random->pick(
        'procore-company-id', 'PROCORE-COMPANY-ID', 'Procore_Company_Id',
        'Procore_Company-Id', 'PROCORE_COMPANY_ID', 'HTTP_PROCORE_COMPANY_ID',
        'Procore-Company-Id ', 'Procore-CompanyId', ' Procore-Company-Id',
        'Procore-Company.Id', "Procore-Company-Id\t", 'X-Procore-Company-Id',
        'Http-Procore-Company-Id', "\tProcore-Company-Id");
    push @{ $case->{headers} }, [$name, $value];
    @{ $case->{headers} } = $random->shuffle(@{ $case->{headers} });
    return;
}


sub other_token {
    my ($random, $case) = @_;

    my $line = $random->pick(
        [Authorization => 'Bearer OTHERTOKEN'],
        [authorization => 'bearer OTHERTOKEN'],
        [Authorization => 'Bearer  OTHERTOKEN'],
        [Authorization => "Bearer\tOTHERTOKEN"],
        [Authorization => 'Token token=OTHERTOKEN'],
        [Authorization => 'Basic T1RIRVJUT0tFTjp4'],
        [Authorization => 'Bearer OWNTOKEN, Bearer OTHERTOKEN'],
        [Authorization => 'Bearer OTHERTOKEN, Bearer OWNTOKEN'],
        [Authorization => 'Bearer OWNTOKEN OTHERTOKEN'],
        [Authorization => 'Bearer'], [Authorization => ''],
        [Authorization => 'Bearer '], [Authorization => 'Basic'],
        ['X-Authorization', 'Bearer OTHERTOKEN'],
        ['X-HTTP-Authorization', 'Bearer OTHERTOKEN'],
        ['X_HTTP_AUTHORIZATION', 'Bearer OTHERTOKEN'],
        ['HTTP_AUTHORIZATION', 'Bearer OTHERTOKEN'],
        ['Redirect-X-Http-Authorization', 'Bearer OTHERTOKEN'],
        ['Proxy-Authorization', 'Bearer OTHERTOKEN'],
        ['Authorization ', 'Bearer OTHERTOKEN'],
        ['AUTHORIZATION', 'Bearer OTHERTOKEN'],
        [Cookie => 'access_token=OTHERTOKEN']);
    if ($random->chance(50)) {
        $case->{headers} = [grep { $_->[0] ne 'Authorization' }
                            @{ $case->{headers} }];
    }
    push @{ $case->{headers} }, $line;
    @{ $case->{headers} } = $random->shuffle(@{ $case->{headers} });
    return;
}


sub without_token {
    my ($random, $case) = @_;

    for my $header (@{ $case->{headers} }) {
        next unless $header->[0] eq 'Authorization'
            && $header->[1] eq 'Bearer OWNTOKEN';
        $header->[1] = $random->pick('Basic eDp5', 'Bearer', 'Bearer ',
                                     "Bearer\tOWNTOKEN", 'Token OWNTOKEN', '',
                                     'Bearer OWNTOKEN');
    }
    return;
}


sub disturb_target {
    my ($random, $case) = @_;

    $case->{path} =~ s{^}{http://x}, return if $random->chance(20);
    $case->{query} = ($case->{query} // '') . $random->pick(
        '#', '?', '#&company_id=' . FOREIGN, '?company_id=' . FOREIGN, '%',
        '&', '&%00', '#?company_id=' . FOREIGN);
    return;
}


sub disturb_headers {
    my ($random, $case) = @_;

    my $path = '/rest/v1.0/companies/' . FOREIGN;
    push @{ $case->{headers} }, $random->pick(
        [Connection => 'close, Procore-Company-Id'],
        [Connection => 'close, Authorization'],
        [Connection => 'close, Content-Type'],
        [Connection => 'close, Content-Length'],
        [Connection => 'close, Transfer-Encoding'],
        ['X-HTTP-Method-Override', $random->pick(qw(PUT PATCH DELETE GET HEAD
                                                   TRACE put), 'PUT,GET')],
        ['X-Original-URL', $path], ['X-Rewrite-URL', $path],
        ['X-Forwarded-Prefix', $path], ['X-Script-Name', $path],
        ['Script-Name', $path], ['Path-Info', $path], ['Request-Uri', $path],
        ['X-Forwarded-Host', 'other.example'], ['Forwarded', 'host=x'],
        ['X-Original-Method', 'PUT'], ['Upgrade', 'h2c'],
        ['Upgrade', 'websocket'], ['TE', 'trailers'], ['Trailer', 'x'],
        ['X-Accel-Redirect', $path], ['Query-String', 'company_id='
                                      . FOREIGN],
        ['Accept', 'application/json'], ['Accept', '*/*, text/html'],
        ['Rack.Input', 'x'], ['X-Sendfile-Type', 'X-Accel-Redirect'],
        ['Origin', 'https://app.example'], ['Content-Length', '0'],
        ['Access-Control-Request-Method', 'GET'], ['Version', 'HTTP/1.0']);
    push @{ $case->{headers} }, ['Origin', 'x'],
        ['Access-Control-Request-Method', 'PUT']
        if $random->chance(8) && ($case->{method} = 'OPTIONS');
    return;
}


# ---- framing ----------------------------------------------------------------

sub frame {
    my ($random, $case) = @_;

    my $frame = {};
    if (defined $case->{body} && $random->chance(40)) {
        $frame->{how} = $random->pick(('chunked') x 12, 'both', 'none',
                                      'twice', 'short', 'long', 'identity');
        $frame->{sizes} = [map { 1 + $random->below($random->pick(3, 40, 900)) }
                           1 .. 3];
        $frame->{suffix} = $random->pick(';x=1', ';x="a;b"', ' ', ';')
            if $random->chance(10);
        $frame->{trailers} = [$random->pick(
            'Procore-Company-Id: ' . FOREIGN, 'X: y',
            'Authorization: Bearer OTHERTOKEN', 'Content-Type: text/plain')]
            if $random->chance(8);
        $frame->{coding} = $random->pick(
            'Transfer-Encoding: Chunked', 'Transfer-Encoding: gzip, chunked',
            'Transfer_Encoding: chunked', 'Transfer-Encoding: xchunked',
            'Transfer-Encoding: chunked, identity',
            'Transfer-Encoding : chunked')
            if $frame->{how} eq 'chunked' && $random->chance(8);
    }
    $frame->{writes} = 1 + $random->below(6) if $random->chance(12);
    $frame->{expect_continue} = 1
        if defined $case->{body} && $random->chance(4);
    $frame->{before} = 1 + $random->below(2) if $random->chance(6);
    $case->{version} = '1.0' if $random->chance(8);
    $case->{frame} = $frame if %$frame;
    return;
}


1;
