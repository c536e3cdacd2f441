package Procore::Test::Status;

# What the tests of the status share: its JSON, and its metrics as a strict
# reader of the text exposition format sees them.

use strict;
use warnings;

use Exporter qw(import);

use Procore::Test::Process qw(wait_for);

our @EXPORT_OK = qw(STATUS counted metrics parse_metrics ready status);

use constant STATUS => 'location = /status { procore_scope_status; }';
use constant WAIT => 10;


# The whole of it, decoded.
sub status {
    my ($nginx) = @_;

    my $answer = $nginx->request('GET', '/status?format=json');
    die "no status: $answer->{status} $answer->{body}\n"
        unless $answer->{status} == 200 && $answer->{json};
    return $answer->{json};
}


# What a load balancer is told: status and sentence.
sub ready {
    my ($nginx) = @_;

    my $answer = $nginx->request('GET', '/status?format=ready');
    chomp(my $text = $answer->{body});
    return "$answer->{status} $text";
}


# The status, once that many requests have been counted: they are counted just
# after they were answered.
sub counted {
    my ($nginx, $count) = @_;

    my $seen;
    wait_for(WAIT, sub {
        $seen = status($nginx);
        return requests($seen) >= $count;
    });
    return $seen;
}


sub requests {
    my ($seen) = @_;

    my $sum = $seen->{unfinished_requests};
    $sum += $_ for map { values %$_ } values %{ $seen->{requests} };
    return $sum;
}


sub metrics {
    my ($nginx) = @_;

    return parse_metrics(
        $nginx->request('GET', '/status?format=prometheus')->{body});
}


# {"name{label="value",...}" => number}, {name => type}, [what is wrong].
sub parse_metrics {
    my ($text) = @_;

    my (%sample, %type, %help, @wrong, $family);
    push @wrong, 'no newline at the end' unless $text =~ /\n\z/;

    for my $line (split /\n/, $text) {
        if ($line =~ /^# HELP ([a-z_]+) (\S.*)$/) {
            push @wrong, "twice: $line" if $help{$1}++;
            $family = $1;
        }
        elsif ($line =~ /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/) {
            my ($name, $is) = ($1, $2);
            push @wrong, "no HELP before: $line" if ($family // '') ne $name;
            push @wrong, "twice: $line" if $type{$name};
            push @wrong, "a counter ends with _total: $line"
                if ($is eq 'counter') != ($name =~ /_total$/);
            $type{$name} = $is;
        }
        elsif ($line =~ /^([a-z_]+)(?:\{(.*)\})? (\d+(?:\.\d+)?)$/) {
            push @wrong, sample(\%sample, $family, \%type, $1, $2, $3, $line);
        }
        else {
            push @wrong, "neither sample nor comment: $line";
        }
    }
    return (\%sample, \%type, \@wrong);
}


sub sample {
    my ($samples, $family, $type, $name, $labels, $value, $line) = @_;

    my @wrong;
    my $base = $name =~ s/_(?:bucket|sum|count)$//r;
    push @wrong, "outside of its family: $line"
        unless defined $family && $type->{$family}
            && ($name eq $family
                || ($base eq $family && $type->{$family} eq 'histogram'));

    my %seen;
    my $rest = $labels // '';
    while ($rest =~ s/^([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,(?=.)|$)//) {
        push @wrong, "a label twice: $line" if $seen{$1}++;
    }
    push @wrong, "bad labels: $line" if length $rest;

    my $key = defined $labels ? "$name\{$labels}" : $name;
    push @wrong, "twice: $line" if exists $samples->{$key};
    $samples->{$key} = $value;
    return @wrong;
}


1;
