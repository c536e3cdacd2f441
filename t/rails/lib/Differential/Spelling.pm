package Differential::Spelling;

# Ways to write an id, a name, and either of them in a URL.

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(OWN FOREIGN OWN_PROJECT FOREIGN_PROJECT digits_of
                    foreign_of mangled name_of number_of odd_of own_of pair_of
                    spelt);

use constant {
    OWN => '562949953421312',
    FOREIGN => '598134325779301',
    OWN_PROJECT => '1001',
    FOREIGN_PROJECT => '2002',
};

my %names = (
    company => [qw(company_id companyId company_ids companyIds)],
    project => [qw(project_id projectId project_ids projectIds
                   target_project_id current_project_id
                   current_project_ids)],
);

# Bytes that readers of text disagree about.
my @bytes = ("\0", "\t", "\n", "\x0b", "\f", "\r", ' ', '+', '-', '_', '.',
             ',', ';', '|', ':', '/', '"', "'", '[', ']', '{', '}', '(', '%',
             '&', '=', '\\', '0', '1', '9', 'e', 'E', 'x', 'a', 'Z', "\x7f",
             "\xa0", "\xc2\xa0", "\xef\xbb\xbf", "\xe2\x80\xa8", "\xff",
             "\xc0\xb0", "\xd9\xa0", "\xef\xbc\x91");


sub own_of { return $_[0] eq 'company' ? OWN : OWN_PROJECT }


sub foreign_of { return $_[0] eq 'company' ? FOREIGN : FOREIGN_PROJECT }


# The id as it should be, or in one of the ways in which it should not.
sub odd_of {
    my ($random, $kind) = @_;

    my $id = foreign_of($kind);
    my $own = own_of($kind);
    return $id if $random->chance(40);
    return mangled($random, $id) if $random->chance(30);

    my $split = 1 + $random->below(length($id) - 1);
    return $random->pick(
        "+$id", "-$id", "0$id", '0' x 30 . $id, "0d$id", "0D$id", "+0d$id",
        "0x$id", " $id", "$id ", "\t$id", "\n$id", "\x0b$id", "\f$id",
        "\r\n$id", "$id\n", "$id\0", "\0$id", "${id}abc", "$id.9", "$id.0",
        "$id,1", "$id-slug", "$id/..", "$id\n$own", "$id,$own", "$own,$id",
        "$own $id", "$own;$id", "$own|$id", "$own\n$id", "[$id]",
        "[$own,$id]", "[\"$id\"]", "{\"id\":$id}", "'$id'", "\"$id\"",
        substr($id, 0, $split) . '_' . substr($id, $split),
        substr($id, 0, $split) . '__' . substr($id, $split),
        "_$id", "${id}_", "\xc2\xa0$id", "\xef\xbb\xbf$id", "${id}e0",
        "$id$id", '18446744073709551616', '9223372036854775808',
        "$own\0$id", "gid://procore/Company/$id", "$own, $id", ",$id",
        "$own,,$id,", "$own]$id", ";$id", "x$id", "$id" . 'x' x 300);
}


# A byte put in, taken out, doubled or changed.
sub mangled {
    my ($random, $text) = @_;

    for (0 .. $random->below(2)) {
        my $at = $random->below(1 + length $text);
        my $way = $random->below(3);
        substr $text, $at, $way == 0 ? 0 : $way == 1 ? 1 : 0,
               $way == 1 && $random->chance(50) ? '' : $random->pick(@bytes);
    }
    return $text;
}


# As a JSON number.
sub number_of {
    my ($random, $kind) = @_;

    my $id = foreign_of($kind);
    my $at = length($id) - 1;
    my $scientific = substr($id, 0, 1) . '.' . substr $id, 1;
    return $id if $random->chance(40);
    return $random->pick(
        "-$id", "$id.0", "$id.5", "$id.00000", "${id}e0", "${id}E+0",
        "${id}00e-2", "${scientific}e$at", "${scientific}E+$at",
        $id - 1 . '.99999999999999999999', "0$id", "+$id", "-0$id", "$id.",
        ".$id", "${id}e", "0x$id", "$id.0e0", "${id}_0", "1e999", "-1e999",
        'NaN', 'Infinity', 'true', 'false', "${id}e-0", '1' . '0' x 40,
        "${scientific}e0$at", "${id}n", "0.${id}e" . length $id);
}


# A name of one of the kinds, by Rails' grammar or beside it.
sub name_of {
    my ($random, $kind) = @_;

    my $name = $random->pick(@{ $names{$kind} });
    $name = "${kind}[id]" if $random->chance(12);
    $name = $random->pick('a', 'filters', 'project', 'company', 'x[]',
                          'updates[]', 'a[b][c]', 'timecard_entries[0]')
        . $random->pick("[$name]", "[$name]", "[$name]", "[$name", "]$name",
                        "[[$name]]", "[]$name", "[ $name]", "[$name ]")
        if $random->chance(35) && $name !~ /\[/;
    $name = $random->pick("[$name]", "$name]", "[[$name]]", "]$name",
                          "[]$name", "[$name", "$name\[", "$name]x",
                          "$name\[]x", "${name}[", " $name", "$name ",
                          "\n$name", "$name\0", "\0$name", ucfirst $name,
                          uc $name, "$name.id", "a.$name", "x.$name",
                          "$name\x{80}", "\xef\xbb\xbf$name", "-$name")
        if $random->chance(15);
    $name .= $random->pick('[]', '[]', '[0]', '[id]', '[a]', '[][]', '[][id]',
                           '[a][b]', '[1][]', '[x][]', '[', ']', '[]]')
        if $random->chance(25);
    $name = mangled($random, $name) if $random->chance(6);
    return $name;
}


# Escaped for a URL: nothing, what must be, some, or all of it.
sub spelt {
    my ($random, $text, $keep) = @_;

    my $percent = $random->pick(0, 0, 0, 0, 10, 50, 100);
    $keep //= '';
    my $out = '';
    for my $byte (split //, $text) {
        my $must = $byte =~ /[\x00-\x20#%&+;=?\x7f-\xff]/
            && index($keep, $byte) < 0 && !$random->chance(4);
        $out .= $byte eq ' ' && $random->chance(50) ? '+'
              : $must || $byte =~ /[\0\r\n]/ || $random->chance($percent)
              ? sprintf($random->pick('%%%02X', '%%%02x'), ord $byte)
              : $byte;
    }
    $out =~ s/ /%20/g;
    $out =~ s/%/%25/ if $random->chance(1);
    return $out;
}


# name=value for a query or a form, both escaped. "kind" may be a token's.
sub pair_of {
    my ($random, $kind) = @_;

    return credential_of($random) if $kind eq 'token';
    my $name = spelt($random, name_of($random, $kind));
    my $value = spelt($random, odd_of($random, $kind));
    return $name if $random->chance(1);
    return $name . $random->pick(('=') x 20, '==', '%3D', '= ', '=+', '=&=')
        . $value;
}


sub credential_of {
    my ($random) = @_;

    my $name = $random->pick(qw(access_token bearer_token));
    $name = $random->pick("[$name]", "$name]", "[[$name]", "]$name",
                          "$name\[]", "$name\[a]", " $name", "a[$name]",
                          "oauth_$name", "$name\[")
        if $random->chance(35);
    return spelt($random, $name) . '=OTHERTOKEN';
}


# Digits in other notations for a path: escaped one by one.
sub digits_of {
    my ($random, $text) = @_;

    my $percent = $random->pick(0, 0, 0, 20, 100);
    $text =~ s/([^%])/$random->chance($percent)
        ? sprintf '%%%02x', ord $1 : $1/gse;
    return $text;
}


1;
