package Differential::Random;

# Numbers that are the same everywhere for the same seed: Marsaglia's
# xorshift with 32 bits.

use strict;
use warnings;

use constant MASK => 0xffff_ffff;


sub new {
    my ($class, $seed) = @_;

    my $self = bless { state => ($seed * 2_654_435_761 + 1) & MASK || 1 },
        $class;
    $self->next for 1 .. 8;    # small seeds have few bits
    return $self;
}


sub next {
    my ($self) = @_;

    my $x = $self->{state};
    $x ^= $x << 13 & MASK;
    $x ^= $x >> 17;
    $x ^= $x << 5 & MASK;
    return $self->{state} = $x;
}


# A whole number from 0 to n - 1.
sub below {
    my ($self, $n) = @_;

    return $self->next % $n;
}


# True in so many of a hundred.
sub chance {
    my ($self, $percent) = @_;

    return $self->below(100) < $percent;
}


sub pick {
    my ($self, @list) = @_;

    return $list[$self->below(scalar @list)];
}


# The list in another order.
sub shuffle {
    my ($self, @list) = @_;

    for my $i (reverse 1 .. $#list) {
        my $j = $self->below($i + 1);
        @list[$i, $j] = @list[$j, $i];
    }
    return @list;
}


1;
