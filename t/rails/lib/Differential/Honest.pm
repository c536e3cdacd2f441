package Differential::Honest;

# Requests of ordinary clients: own ids wherever ids stand, and foreign
# numbers and look-alikes where they name nothing.

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();

use Differential::Spelling qw(FOREIGN FOREIGN_PROJECT OWN OWN_PROJECT);

our @EXPORT_OK = qw(honest);

# For all that is no id of a company or a project.
my @numbers = (FOREIGN, FOREIGN_PROJECT, 7, 42, '562949953421312', 598134);

my @lookalikes = qw(assignee_company_id affected_company_id vendor_id
    responsible_company_id ball_in_court_company_id bid_board_project_id
    project_template_id project_stage_id project_type_id id rfi_id
    project_number company_name project_name parent_id origin_id);

my @texts = ('Main Street', 'Caf\u{e9}', "two\nlines", 'company_id=' . FOREIGN,
             'a&b=c;d', '100 % done', '{"project_id": 2002}', '',
             "O'Brien \"Bob\"", 'x' x 400, '/projects/2002', '<b>', "\t",
             "\x{4e2d}\x{6587}", "\x{1f600}", 'project_id', '[]', '5+5=10');

my @plain = ('/rest/v1.0/observations/items', '/rest/v1.0/rfis/2002',
             '/rest/v1.1/projects', '/rest/v1.0/timecard_entries',
             '/rest/v2.0/webhooks/hooks/598134325779301', '/vapid/items',
             '/rest/v1.0/companies/' . OWN . '/vendors/2002',
             '/rest/v1.0/projects/1001/rfis/598134325779301',
             '/rest/v2.0/companies/' . OWN . '/projects/1001/documents',
             '/rest/v1.0/projects/1001/drawing_areas/2002/drawings',
             '/rest/v1.0/project/1001/prime_contracts', '/vapid/projects/1001',
             '/rest/v1.0/workforce-planning/v2/companies/' . OWN . '/people',
             '/rest/v1.0/companies/' . OWN . '/projects/sync',
             '/rest/v1.0/payments/projects/enable', '/rest/v1.0/me');

my $json = JSON::PP->new->utf8->canonical;


sub honest {
    my ($random) = @_;

    my $case = {
        expect => 'honest', method => 'GET', path => $random->pick(@plain),
        headers => [[$random->pick('Authorization', 'Authorization',
                                   'authorization'), 'Bearer OWNTOKEN']],
    };
    push @{ $case->{headers} },
        [$random->pick('Procore-Company-Id', 'procore-company-id'), OWN]
        if $random->chance(70);
    push @{ $case->{headers} }, ordinary_headers($random);
    $case->{query} = query($random) if $random->chance(45);
    body($random, $case) if $random->chance(60);
    frame($random, $case);
    @{ $case->{headers} } = $random->shuffle(@{ $case->{headers} });
    return $case;
}


# One line a name: Rails joins them, and the comparison is of lines.
sub ordinary_headers {
    my ($random) = @_;

    my @lines = $random->shuffle(
        [Accept => $random->pick('*/*', 'application/json',
                                 'application/json, text/plain, */*')],
        ['Accept-Language', 'en-US,en;q=0.9'], [Cookie => 'a=b; c=2002'],
        ['If-None-Match', 'W/"2002"'], ['X-Request-Id', FOREIGN],
        ['Referer', 'https://app.example/companies/' . FOREIGN],
        ['X-Company-Name', FOREIGN], ['Idempotency-Token', '2002'],
        ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad-01'],
        ['X-Forwarded-For', '10.0.0.1'], ['Cache-Control', 'no-cache'],
        ['Origin', 'https://app.example'], ['Via', '1.1 proxy']);
    return @lines[0 .. $random->below(4) - 1];
}


# ---- values -----------------------------------------------------------------

sub text {
    my ($random) = @_;

    my $text = $random->pick(@texts);
    utf8::encode($text);
    return $text;
}


sub escaped {
    my ($random, $text) = @_;

    my $plus = $random->chance(50);
    $text =~ s/([^A-Za-z0-9._~-])/$1 eq ' ' && $plus ? '+'
        : sprintf '%%%02X', ord $1/ge;
    return $text;
}


# Parameters by name: what ordinary clients send in queries and forms.
sub pairs {
    my ($random) = @_;

    my @all = (
        [company_id => OWN], [project_id => OWN_PROJECT],
        ['filters[project_id]', OWN_PROJECT], ['project_ids[]', OWN_PROJECT],
        ['filters[current_project_ids]', OWN_PROJECT . ',' . OWN_PROJECT],
        ['project[company_id]', OWN], ['company_ids[]', OWN],
        ['rfi[project_id]', OWN_PROJECT], ['target_project_id', OWN_PROJECT],
        ['page', $random->below(50)], ['per_page', 100], [view => 'compact'],
        ['filters[id][]', FOREIGN_PROJECT], ['filters[vendor_id]', FOREIGN],
        ['filters[created_at]', '2024-01-01T00:00:00Z...2024-02-01T00:00:00Z'],
        ['sort', '-created_at'], ['project_id', ''], ['utf8', "\xe2\x9c\x93"],
        ['filters[by_status]', 'All'], ['search', text($random)],
        [$random->pick(@lookalikes), $random->pick(@numbers)],
        ["rfi[$lookalikes[$random->below(scalar @lookalikes)]]",
         $random->pick(@numbers)],
        ['ids[]', $random->pick(@numbers)], ['q', text($random)]);
    @all = $random->shuffle(@all);
    return tidy(@all[0 .. $random->below(6)]);
}


# A client would not give one parameter in two shapes.
sub tidy {
    my (@pairs) = @_;

    my %root;
    return grep {
        my ($root) = $_->[0] =~ /^([^\[]*)/;
        !$root{$root}++;
    } @pairs;
}


sub query {
    my ($random) = @_;

    return form_text($random, $random->chance(40));
}


# Some clients leave brackets and commas as they are.
sub form_text {
    my ($random, $raw) = @_;

    my @text = map {
        my ($name, $value) = map { escaped($random, $_) } @$_;
        if ($raw) {
            s/%5B/[/g, s/%5D/]/g for $name;
            s/%2C/,/g, s/%3A/:/g for $value;
        }
        "$name=$value";
    } pairs($random);
    return join '&', @text;
}


# ---- bodies -----------------------------------------------------------------

sub body {
    my ($random, $case) = @_;

    my $way = $random->below(10);
    my ($type, $body) = $way < 5 ? json_body($random, $case)
                      : $way < 7 ? ($random->pick(
                            'application/x-www-form-urlencoded',
                            'application/x-www-form-urlencoded; charset=UTF-8'),
                            form_text($random, 0))
                      : $way < 9 ? multipart($random)
                      : raw_body($random);
    $case->{method} = $random->pick(qw(POST POST PATCH PUT DELETE));
    $case->{body} = $body;
    push @{ $case->{headers} }, ['Content-Type', $type];
    return;
}


sub json_body {
    my ($random, $case) = @_;

    if ($random->chance(10)) {
        $case->{path} = '/rest/v1.0/projects/sync';
        return ('application/json', $json->encode({ company_id => 0 + OWN,
            updates => [{ id => 1001, name => 'x', project_number => 2002 }]}));
    }
    my $data = object($random, 0);

    # Rails wraps a body for this controller, so that it is project.id.
    $data->{id} = 1001
        if exists $data->{id} && $case->{path} =~ m{/projects(?:/\w+)?\z};
    $data = [$data] if $random->chance(10);
    my $writer = JSON::PP->new->canonical;
    $writer->pretty if $random->chance(30);
    $random->chance(40) ? $writer->ascii : $writer->utf8;
    my $type = $random->pick(('application/json') x 4,
        'application/json; charset=utf-8', 'application/json;charset=UTF-8',
        'application/merge-patch+json', 'application/vnd.api+json');
    my $text = $writer->encode($data);
    $text =~ s{/}{\\/}g if $random->chance(10);
    return ($type, $text);
}


sub object {
    my ($random, $depth) = @_;

    my %data;
    for (1 .. 1 + $random->below(5)) {
        my $way = $random->below(10);
        my $number = $random->pick(@numbers);
        $number += 0 if $random->chance(60);
        $way == 0 ? $data{company_id} = $random->pick(OWN, 0 + OWN)
      : $way == 1 ? $data{project_id} = $random->pick(OWN_PROJECT, 1001)
      : $way == 2 ? $data{project_ids} = $random->pick([1001], ['1001'], [])
      : $way == 3 ? $data{company} = { id => 0 + OWN, name => 'Own' }
      : $way == 4 ? $data{project} = { id => 1001, name => text($random) }
      : $way == 5 ? $data{ $random->pick(@lookalikes) } = $number
      : $way == 6 ? $data{description} = $random->pick(@texts)
      : $way == 7 ? $data{ratio} = $random->pick(0.5, -1, 1e10, undef,
                                                 JSON::PP::true())
      : $way == 8 ? $data{ids} = [map { 0 + $_ } @numbers]
      : $depth < 4 ? $data{ $random->pick('rfi', 'items', 'a b', 'entries') }
            = $random->chance(50) ? object($random, $depth + 1)
            : [map { object($random, $depth + 1) } 1 .. 2]
      : 0;
    }
    return \%data;
}


# As curl, browsers and the usual libraries write it.
sub multipart {
    my ($random) = @_;

    my $boundary = $random->pick(
        '------------------------d74496d66958873e',
        '----WebKitFormBoundary7MA4YWxkTrZu0gW',
        '-----------RubyMultipartPost-1b2c3d', 'd41d8cd98f00b204e9800998ecf8',
        '--------------------------735323031399963166993862');
    my @parts = map { [@$_] } pairs($random);
    push @parts, undef if $random->chance(70);
    my $body = join '', map {
        "--$boundary\r\n" . ($_ ? field($random, @$_) : upload($random))
            . "\r\n"
    } $random->shuffle(@parts);
    return ("multipart/form-data; boundary=$boundary",
            "$body--$boundary--\r\n");
}


sub field {
    my ($random, $name, $value) = @_;

    my $type = $random->chance(15)
        ? "\r\nContent-Type: text/plain; charset=utf-8" : '';
    return "Content-Disposition: form-data; name=\"$name\"$type\r\n\r\n$value";
}


sub upload {
    my ($random) = @_;

    my $name = $random->pick('attachment', 'rfi[attachments][]', 'file',
                             'drawing[file]', 'attachments[0]');
    my $file = $random->pick('plan.pdf', 'a b.jpg', '2002.csv',
                             'company_id.json', "caf\xc3\xa9.txt",
                             'project_id=2002.txt', 'a;b.txt');
    my $type = $random->pick('application/pdf', 'image/jpeg', 'text/csv',
                             'application/json', 'application/octet-stream');
    my $bytes = $random->pick(
        "%PDF-1.4\n\xff\xfe\0", "company_id,project_id\r\n" . FOREIGN
        . ",2002\r\n", '{"company_id":' . FOREIGN . '}', '',
        "\r\n--boundary\r\n", "\xff\xd8\xff\xe0" x 3000, "line\r\n" x 700,
        "Content-Disposition: form-data; name=\"company_id\"\r\n\r\n"
        . FOREIGN . "\r\n");
    return "Content-Disposition: form-data; name=\"$name\"; "
        . "filename=\"$file\"\r\nContent-Type: $type\r\n\r\n$bytes";
}


sub raw_body {
    my ($random) = @_;

    return ($random->pick('application/octet-stream', 'image/png',
                          'text/plain', 'application/pdf'),
            $random->pick('company_id=' . FOREIGN, "\x89PNG\r\n\x1a\n\0\0",
                          '{"project_id":2002}', 'x' x 20_000, "%PDF-1.7\n"));
}


# ---- framing ----------------------------------------------------------------

sub frame {
    my ($random, $case) = @_;

    my $frame = {};
    if (defined $case->{body} && $random->chance(25)) {
        $frame->{how} = 'chunked';
        $frame->{sizes} = [map { 1 + $random->below($random->pick(30, 3000)) }
                           1 .. 3];
    }
    $frame->{expect_continue} = 1
        if defined $case->{body} && $random->chance(6);
    $frame->{writes} = 2 + $random->below(4) if $random->chance(10);
    $frame->{before} = 1 if $random->chance(4);
    $case->{version} = '1.0' if $random->chance(6) && !%$frame;
    $case->{frame} = $frame if %$frame;
    return;
}


1;
