package Procore::Test::Report;

# What the tests of the report share: how it is fetched, and a strict reader of
# CSV.

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();

use Procore::Test::Process qw(wait_for);

our @EXPORT_OK = qw(STATUS report reported named parse_csv command);

use constant STATUS => 'location = /status { procore_scope_status; }';
use constant WAIT => 15;


# The whole of it, decoded.
sub report {
    my ($nginx) = @_;

    my $answer = $nginx->request('GET', '/status?view=report&format=json');
    die "no report: $answer->{status} $answer->{body}\n"
        unless $answer->{status} == 200 && $answer->{json};
    return $answer->{json};
}


# The report once it has counted that many requests.
sub reported {
    my ($nginx, $count) = @_;

    my $seen;
    wait_for(WAIT, sub {
        $seen = report($nginx);
        my $sum = 0;
        $sum += $_->{requests} + $_->{unauthorized_requests}
            for @{ $seen->{clients} };
        return $sum >= $count;
    });
    return $seen;
}


# Of a client or user: {company => requests} of one kind.
sub named {
    my ($of, $kind) = @_;

    return { map { $_->{company_id} // $_->{kind} => $_->{$kind} }
             grep { $_->{$kind} } @{ $of->{foreign_companies} } };
}


# RFC 4180: a list of hashes by the header; dies where it is not that.
sub parse_csv {
    my ($text) = @_;

    my (@rows, @row);
    while (length $text) {
        my $cell;
        if ($text =~ s/\A"((?:[^"]|"")*)"//s) {
            ($cell = $1) =~ s/""/"/g;
        }
        elsif ($text =~ s/\A([^",\r\n]*)//) {
            $cell = $1;
        }
        push @row, $cell;
        next if $text =~ s/\A,//;
        $text =~ s/\A\r\n// or die 'CSV: ' . substr($text, 0, 40) . "\n";
        push @rows, [@row];
        @row = ();
    }
    my $head = shift @rows;
    return map {
        my %of;
        die 'CSV: ' . @$_ . " cells\n" unless @$_ == @$head;
        @of{@$head} = @$_;
        \%of;
    } @rows;
}


# Exit code and output of procore-scope report.
sub command {
    my ($nginx, @arguments) = @_;

    my $tool = $ENV{TEST_PROCORE_SCOPE} || './procore-scope';
    open my $out, '-|', $tool, 'report', '--store', $nginx->store, @arguments
        or die "$tool: $!";
    my $said = do { local $/; <$out> };
    close $out;
    return ($? >> 8, $said // '');
}

1;
