#!/usr/bin/perl

# The documented operations of the API: for each a request with own ids passes;
# for each place that names a company or project the same with a foreign id is
# refused; ids of other things with a foreign number pass.

use Procore::Test;

use constant {
    OWN_COMPANY => 562949953421312,
    OWN_PROJECT => 1001,
    FOREIGN_COMPANY => 598134325779301,
    FOREIGN_PROJECT => 2002,
};

my $upstream = upstream();
my $nginx = nginx(api => $upstream->url, lookup => 0, secrets => 0);
my $token = 'operations-' . 'x' x 40;

$nginx->import_records(
    { access_token => $token, client => 'test', company_id => OWN_COMPANY },
    { project_id => OWN_PROJECT, company_id => OWN_COMPANY },
    { project_id => FOREIGN_PROJECT, company_id => FOREIGN_COMPANY });

open my $table, '<', 't/data/operations.tsv' or die $!;

while (my $line = <$table>) {
    chomp $line;
    next if $line =~ /^#/ || $line eq '';
    my ($method, $template, $type, $slots, $alike) = split /\t/, $line, -1;
    my @slots = parse_slots($slots);
    my @alike = parse_slots($alike);
    my $name = "$method $template";

    my $response = request($method, $template, $type, \@slots, \@alike, -1);
    is($response->{status}, 200, "own ids pass: $name")
        or diag($response->{body});

    for my $i (0 .. $#slots) {
        my $slot = $slots[$i];
        my $reason = $slot->{kind} eq 'company' ? 'foreign_company'
                                                : 'foreign_project';
        $response = request($method, $template, $type, \@slots, \@alike, $i);
        is($response->{header}{'procore-scope-reason'} // $response->{status},
           $reason, "foreign $slot->{where} $slot->{name} is refused: $name");
    }
}

done_testing;


# "query:project:filters[current_project_id] body:company:company_id"
sub parse_slots {
    my ($text) = @_;

    return map {
        my ($where, $kind, $name) = split /:/, $_, 3;
        { where => $where, kind => $kind, name => $name };
    } split ' ', $text // '';
}

# One request in which the slot with the number "foreign" is foreign.
sub request {
    my ($method, $template, $type, $slots, $alike, $foreign) = @_;

    my (%path, @query, @body);
    for my $i (0 .. $#$slots) {
        my $slot = $slots->[$i];
        my $value = $slot->{kind} eq 'company'
            ? ($i == $foreign ? FOREIGN_COMPANY : OWN_COMPANY)
            : ($i == $foreign ? FOREIGN_PROJECT : OWN_PROJECT);
        place($slot, $value, \%path, \@query, \@body);
    }
    place($_, FOREIGN_COMPANY, \%path, \@query, \@body) for @$alike;

    # Ids of other things may look like anything.
    (my $target = $template) =~ s/(\{\w+\})/$path{$1} \/\/ FOREIGN_PROJECT/ge;
    $target .= '?' . encode_form(@query) if @query;

    my %opt = (token => $token, company => OWN_COMPANY);
    if ($type =~ /multipart/) {
        $opt{multipart} = [map({ [bracketed($_->[0]), $_->[1]] } @body),
                           ['note', FOREIGN_PROJECT]];

    } elsif (@body || $type ne '') {
        $opt{type} = $type || 'application/json';
        $opt{json} = document(@body);
    }

    return $nginx->request($method, $target, %opt);
}


sub place {
    my ($slot, $value, $path, $query, $body) = @_;

    if ($slot->{where} eq 'path') {
        $path->{$slot->{name}} = $value;
    } elsif ($slot->{where} eq 'query') {
        push @$query, $slot->{name}, $value;
    } else {
        push @$body, [$slot->{name}, $value];
    }
    return;
}

# "timecard_entries/*/project_id" as a document with one element.
sub document {
    my (@fields) = @_;

    my $root = {};
    for my $field (@fields) {
        my @keys = split m{/}, $field->[0];
        my $at = \$root;
        for my $key (@keys) {
            if ($key eq '*') {
                $$at //= [];
                $at = \$$at->[0];
            } else {
                $$at //= {};
                $at = \$$at->{$key};
            }
        }
        $$at = $field->[1];
    }
    return $root;
}


sub bracketed {
    my ($name) = @_;

    my ($first, @rest) = split m{/}, $name;
    return $first . join '', map { $_ eq '*' ? '[]' : "[$_]" } @rest;
}
