package Differential::Body;

# Hostile bodies: JSON, forms and multipart, with their content types.

use strict;
use warnings;

use Exporter 'import';

use Differential::Spelling qw(foreign_of name_of number_of odd_of own_of
                              pair_of spelt);

our @EXPORT_OK = qw(body_of form_of);

my @blanks = ('', '', '', '', ' ', "\n", "\t", "\r\n", '/* x */', "// x\n",
              "# x\n", "/**/", "\f", "\0", "\xc2\xa0", '/*/ */', "//\r");


# [content types, body]
sub body_of {
    my ($random, $kind) = @_;

    my $way = $random->below(10);
    my ($types, $body) = $way < 4 ? json($random, $kind)
                       : $way < 6 ? form($random, $kind)
                       : multipart($random, $kind);
    $types = odd_type($random, $types->[0]) if $random->chance(15);
    $body = $random->pick("\xef\xbb\xbf", "\0", ' ', "\r\n", '&', "\xff\xfe")
        . $body if $random->chance(2);
    $body .= $random->pick("\0", "\n", "\r\n", ' ', '&', ';', '}', 'x',
                           "\0\0") if $random->chance(4);
    return ($types, $body);
}


# Types that are read, types that are not, and what lies between.
sub odd_type {
    my ($random, $type) = @_;

    return $random->pick(
        [$type, 'text/plain'], ['text/plain', $type], [], [''], ['/'],
        [uc $type], ["$type,text/html"], ["text/html,$type"], [" $type"],
        ["$type ;charset=utf-16"], ["$type; charset=utf-8"], ["$type;"],
        ["\"$type\""], ["$type x"], ["$type/x"], ["$type\t"], [";$type"],
        [",$type"], ['application/json'], ['text/x-json'], ['text/json'],
        ['application/jsonrequest'], ['application/merge-patch+json'],
        ['application/vnd.api+json'], ['application/json-patch+json'],
        ['application/x-www-form-urlencoded'], ['multipart/form-data'],
        ['multipart/mixed; boundary=x'], ['application/xml'], ['text/xml'],
        ['text/plain'], ['application/octet-stream'], ['image/png'],
        ['application/x-yaml'], ['application/javascript'], ['text/csv'],
        ['application/x-msgpack'], ['multipart/related'], ['*/*'],
        ['multipart/x'], ['application/graphql'], ['text/html'],
        ['application/x-www-form-urlencoded, application/json'],
        ['application/json; boundary=x'], ['Application/Json'],
        ['application/ json'], ['application /json'], ["application/json\x80"],
        ['application/x-www-form-urlencoded;charset=UTF-16'],
        ['application/*+json'], ['multipart/form-data;boundary='],
        ['application/x-www-form-urlencodedx'], ['x']);
}


# ---- JSON -------------------------------------------------------------------

sub json {
    my ($random, $kind) = @_;

    my $document = $random->chance(15)
        ? array($random, object($random, $kind, 0))
        : object($random, $kind, 0);
    $document = $random->pick('{"a":1}', '[]', '"x"') . $document
        if $random->chance(1);
    $document = "\xef\xbb\xbf$document" if $random->chance(1);
    $document = join '', map { "\0$_" } split //, $document
        if $random->chance(1);
    return ([$random->pick(('application/json') x 8, 'text/x-json',
                           'application/merge-patch+json',
                           'application/json; charset=utf-8')],
            blank($random) . $document . blank($random));
}


sub blank {
    my ($random) = @_;

    return '' if $random->chance(75);
    return $random->pick(@blanks[0 .. 8]) if $random->chance(60);
    return $random->pick(@blanks);
}


sub array {
    my ($random, @items) = @_;

    return '[' . join(',', $random->shuffle(@items)) . ']';
}


sub object {
    my ($random, $kind, $depth) = @_;

    my @members = member($random, $kind);
    if ($random->chance(25) && $depth < 6) {
        @members = (text($random, $random->pick('a', 'project', 'company',
                                                'updates', 'x', 'filters'))
            . ':' . ($random->chance(30)
                     ? array($random, object($random, $kind, $depth + 1), '1')
                     : object($random, $kind, $depth + 1)));
    }
    push @members, own_member($random) if $random->chance(35);
    push @members, '"name":"x"' if $random->chance(30);
    push @members, $random->pick('"_json":1', '"a":null', '"":1', '"_":[]',
                                 '"access_token":"OTHERTOKEN"',
                                 '"bearer_token":"OTHERTOKEN"',
                                 "\"x\":\"\\ud800\"", '"x":01', '"x":.5',
                                 '"x":"' . 'y' x 3000 . '"', '"x":tru',
                                 "\"x\":\"\xff\"", '"x":' . '[' x 70 . ']' x 70,
                                 '"x":"\\u0000"', "\"x\":\"a\tb\"")
        if $random->chance(6);
    my $comma = $random->chance(2) ? $random->pick(',,', ';', ' ') : ',';
    my $tail = $random->chance(2) ? ',' : '';
    return '{' . blank($random)
        . join(blank($random) . $comma . blank($random),
               $random->shuffle(@members)) . $tail . blank($random) . '}';
}


sub own_member {
    my ($random) = @_;

    my $kind = $random->pick('company', 'project');
    return "\"${kind}_id\":" . own_of($kind);
}


sub member {
    my ($random, $kind) = @_;

    $kind = $random->pick('company', 'project') if $kind eq 'token';
    my $name = $random->pick("${kind}_id", "${kind}_id", "${kind}_ids",
                             "${kind}Id", "${kind}Ids", "${kind}_id ",
                             "${kind}_id[]", "[${kind}_id]", "\0${kind}_id",
                             $kind eq 'project'
                                 ? ('target_project_id', 'current_project_id',
                                    'current_project_ids') : ());
    my $value = scalar_of($random, $kind);
    if ($random->chance(12)) {
        $name = $kind;
        $value = $random->pick("{\"id\":$value}", "[{\"id\":$value}]",
                               "{\"id\":[$value]}", "{\"a\":{\"id\":$value}}",
                               "{\"id\":1,\"id\":$value}",
                               "{\"id\":$value,\"id\":" . own_of($kind) . '}',
                               '{"' . $kind . "\":{\"id\":$value}}", $value);
    } elsif ($random->chance(12)) {
        $value = $random->pick("[$value]", "{\"id\":$value}", "[[$value]]",
                               "{\"0\":$value}", "[" . own_of($kind)
                               . ",$value]", "[{\"id\":$value}]", "{\"a\":"
                               . "{\"b\":[$value]}}", "[null,$value]");
    }
    return text($random, $name) . blank($random) . ':' . blank($random)
        . $value;
}


sub scalar_of {
    my ($random, $kind) = @_;

    return number_of($random, $kind) if $random->chance(50);
    return text($random, odd_of($random, $kind));
}


# A JSON string, some of it in escapes that are or are not JSON's.
sub text {
    my ($random, $text) = @_;

    my $percent = $random->pick(0, 0, 0, 15, 100);
    my $out = '';
    for my $byte (split //, $text) {
        $out .= $byte eq '"' || $byte eq '\\' ? "\\$byte"
              : $byte lt ' ' && !$random->chance(3)
                  ? sprintf '\\u%04x', ord $byte
              : $byte lt "\x80" && $random->chance($percent)
                  ? sprintf $random->pick('\\u%04x', '\\u%04X'), ord $byte
              : $byte =~ /[a-z_0-9]/ && $percent && $random->chance(4)
                  && $byte !~ /[bfnrtu]/ ? "\\$byte"
              : $byte;
    }
    return $random->chance(1) ? "'$out'" : "\"$out\"";
}


# ---- forms ------------------------------------------------------------------

sub form {
    my ($random, $kind) = @_;

    return (['application/x-www-form-urlencoded'], form_of($random, $kind));
}


# The text of a form or of a query.
sub form_of {
    my ($random, $kind) = @_;

    my @pairs = pair_of($random, $kind);
    push @pairs, 'company_id=' . own_of('company') if $random->chance(20);
    push @pairs, 'project_id=' . own_of('project') if $random->chance(15);
    push @pairs, 'name=x' if $random->chance(25);
    push @pairs, pair_of($random, $random->pick('company', 'project'))
        if $random->chance(15);
    push @pairs, $random->pick('_charset_=utf-16', 'a', '=', '=x', '', 'a[b',
                               '_method=PATCH', '_method=get', 'utf8=%E2%9C%93',
                               'x=%', 'x=%zz', '%=1', 'a=%ff', "a=\xff",
                               'a[]=1&a[b]=2', 'a=1&a[b]=2', 'a[b]=1&a=2',
                               'project=1', 'company=1', 'company_id',
                               'company_id=', 'project_id[a]=', 'x=&',
                               'a=%00', '%00=1', 'x' . '[a]' x 40 . '=1')
        if $random->chance(20);
    push @pairs, map { "x$_=1" } 1 .. $random->pick(100, 1000, 4100)
        if $random->chance(1);
    my $out = '';
    for my $pair ($random->shuffle(@pairs)) {
        $out .= ($random->chance(88) ? '&'
                 : $random->pick(';', '&;', ';&', '&&', '&amp;', '& ', '&+',
                                 '&%20', ';;', "&\t", '%26', ',', '?', "\n"))
            if length $out;
        $out .= $pair;
    }
    $out =~ s/[\r\n\t ]//g if $random->chance(50);
    return $out;
}


# ---- multipart --------------------------------------------------------------

sub multipart {
    my ($random, $kind) = @_;

    my $boundary = $random->pick(qw(BNDRY B xyz0123), '----WebKitFormBoundaryA',
                                 'a b', "a'b", 'x' x 70, '=_x', 'B-', '--B');
    my $end = $random->chance(4) ? "\n" : "\r\n";
    my @parts = part($random, $kind, $end);
    push @parts, plain_part($random, $end) if $random->chance(45);
    push @parts, file_part($random, $end) if $random->chance(35);
    my $delimiter = "--$boundary";
    my $body = $random->chance(6)
        ? $random->pick('preamble', "--$boundary--", "$end", "$delimiter x",
                        "--", " ") . $random->pick($end, '') : '';
    for my $part ($random->shuffle(@parts)) {
        $body .= $delimiter . ($random->chance(3)
            ? $random->pick(' ', "\t", '  ', "\n", '-', 'x') : '') . $end
            . $part . ($random->chance(2) ? "\n" : $end);
    }
    $body .= "$delimiter--" . $random->pick(($end) x 6, '', 'x', ' ', "\n")
        unless $random->chance(3);
    $body .= $random->pick("$delimiter$end" . part($random, $kind, $end)
                           . "$end$delimiter--$end", 'epilogue', $end)
        if $random->chance(5);
    return ([multipart_type($random, $boundary)], $body);
}


sub multipart_type {
    my ($random, $boundary) = @_;

    my $quoted = $boundary =~ /[^\w-]/ || $random->chance(20)
        ? "\"$boundary\"" : $boundary;
    return "multipart/form-data; boundary=$quoted" if $random->chance(85);
    return $random->pick(
        "multipart/mixed; boundary=$quoted",
        "multipart/related; boundary=$quoted",
        "multipart/form-data;boundary=$quoted; charset=utf-8",
        "multipart/form-data; charset=utf-8; boundary=$quoted",
        "multipart/form-data; BOUNDARY=$quoted",
        "multipart/form-data; xboundary=$quoted",
        "multipart/form-data; boundary = $quoted",
        "multipart/form-data; boundary=$quoted; boundary=other",
        "multipart/form-data; boundary=other; boundary=$quoted",
        "multipart/form-data; boundary=\"$boundary",
        "multipart/form-data; boundary=$boundary\"",
        "multipart/form-data; x=\"boundary=other\"; boundary=$quoted",
        "multipart/form-data, boundary=$quoted",
        "multipart/form-data boundary=$quoted", 'multipart/form-data',
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary*=utf-8''$boundary",
        "multipart/form-data; boundary=$boundary,x",
        "Multipart/Form-Data; Boundary=$quoted",
        "multipart/alternative; boundary=$quoted",
        "multipart/form-data; boundary=$boundary; ");
}


sub part {
    my ($random, $kind, $end) = @_;

    my ($name, $value);
    if ($kind eq 'token') {
        ($name, $value) = ($random->pick(qw(access_token bearer_token)),
                           'OTHERTOKEN');
    } else {
        $name = name_of($random, $kind);
        $value = odd_of($random, $kind);
    }
    $name =~ s/(["\\])/\\$1/g;
    $name =~ s/(\w)/$random->chance(20) ? "\\$1" : $1/ge
        if $random->chance(5);
    my @lines = disposition($random, $name);
    @lines = $random->shuffle(@lines, extra_line($random, $name))
        if $random->chance(25);
    return join($end, @lines) . $end . $end . $value;
}


sub disposition {
    my ($random, $name) = @_;

    return "Content-Disposition: form-data; name=\"$name\""
        if $random->chance(60);
    my $bare = $name =~ /[\s";,]/ ? "\"$name\"" : $name;
    return $random->pick(
        "Content-Disposition: form-data; name=$bare",
        "content-disposition: form-data; name=\"$name\"",
        "Content-Disposition:form-data;name=\"$name\"",
        "Content-Disposition: attachment; name=\"$name\"",
        "Content-Disposition: x; name=\"$name\"",
        "Content-Disposition: form-data; NAME=\"$name\"",
        "Content-Disposition: form-data; name = \"$name\"",
        "Content-Disposition: form-data; name='$name'",
        "Content-Disposition: form-data; name=\"$name",
        "Content-Disposition: form-data; name=\"x\"; name=\"$name\"",
        "Content-Disposition: form-data; name=\"$name\"; name=\"x\"",
        "Content-Disposition: form-data; filename=\"\"; name=\"$name\"",
        "Content-Disposition: form-data; name=\"$name\"; filename=",
        "Content-Disposition: form-data; name=\"$name\"; filename=\"a\"",
        "Content-Disposition: form-data; name=\"$name\"; FILENAME=\"a\"",
        "Content-Disposition: form-data; name=\"$name\"; filename =\"a\"",
        "Content-Disposition: form-data; name=\"$name\"; xfilename=\"a\"",
        "Content-Disposition: form-data; name=\"$name\"; filename*=x",
        "Content-Disposition: form-data; name=\"$name\";"
            . " filename*=utf-8''a",
        "Content-Disposition: form-data; name*=utf-8''$bare",
        "Content-Disposition: form-data; x=\"; name=\"$name\"\"",
        "Content-Disposition: form-data; x=\"\\\"; name=$bare; y=\"",
        "Content-Disposition: form-data;\r\n name=\"$name\"",
        "Content-Disposition: form-data; xname=\"$name\"",
        "Content-Disposition: form-data; filename=\"a; name=$bare\"",
        "Content-Disposition : form-data; name=\"$name\"",
        " Content-Disposition: form-data; name=\"$name\"",
        "Content-Disposition: name=\"$name\"",
        "Content-Disposition: form-data name=\"$name\"",
        "Content-Disposition: form-data, name=\"$name\"",
        "Content-Disposition: form-data; filename=\"a\"b\"; name=\"$name\"",
        "X-Other: ; name=\"$name\"", "Content-ID: $name",
        "Content-Type: $name", '');
}


sub extra_line {
    my ($random, $name) = @_;

    return $random->pick(
        'Content-Type: text/plain', 'Content-Type: text/plain; charset=utf-16',
        'Content-Type: text/plain; charset=utf-8', "Content-ID: <$name>",
        'Content-Transfer-Encoding: base64', 'Content-Length: 3',
        'Content-Type: text/plain; charset=x-odd', 'X: y', "X: a\r\n b",
        'Content-Transfer-Encoding: quoted-printable', 'x',
        'Content-Type: multipart/mixed; boundary=C',
        'Content-Type: application/json',
        "X: Content-Disposition: form-data; name=\"$name\"",
        'Content-Disposition: form-data; name="x"',
        "X: ; name=\"$name\"", 'X: ; filename="a"', 'X:' . 'y' x 2000);
}


sub plain_part {
    my ($random, $end) = @_;

    return 'Content-Disposition: form-data; name="company_id"'
        . "$end$end" . own_of('company') if $random->chance(30);
    return "Content-Disposition: form-data; name=\"note\"$end${end}hello";
}


sub file_part {
    my ($random, $end) = @_;

    my $bytes = $random->pick("%PDF-1.4\r\n", "company_id=598134325779301",
                              "\r\n--BNDR", "\0" x 50, "--", "\r", 'y' x 5000);
    return 'Content-Disposition: form-data; name="file"; filename="a.pdf"'
        . "${end}Content-Type: application/pdf$end$end$bytes";
}


1;
