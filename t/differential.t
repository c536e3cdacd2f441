#!/usr/bin/perl

# Nothing foreign that Rails would see passes, however it is spelled, and
# honest requests arrive as they were sent: the kept cases, then requests from
# fixed seeds. scripts/differential does the same with random seeds.

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/rails/lib";

use Procore::Test;

use Differential::Honest qw(honest);
use Differential::Hostile qw(hostile);
use Differential::Random;
use Differential::Replay;
use Differential::Request qw(from_line to_line);
use Differential::World qw(replay);

use constant {
    HOSTILE => 3000,
    HONEST => 1000,
    SAMPLE => 200,    # sent to Rails without a gateway
};

my $replay = replay();

open my $kept, '<', 't/data/differential/kept.jsonl' or die "kept.jsonl: $!";
while (my $line = <$kept>) {
    my $case = from_line($line);
    my $failure = $replay->try($case);
    ok(!$failure, "kept: $case->{name}") or diag($failure->{why});
}

my $random = Differential::Random->new(20_240_917);
my @hostile = map { hostile($random) } 1 .. HOSTILE;
my @failed = $replay->run(@hostile);
is(scalar @failed, 0, 'of ' . HOSTILE . ' hostile requests, none passed with '
    . 'something foreign in it');
explain_failures(@failed);

# Else the test would find nothing because there is nothing to be found.
my $foreign = grep { reaches_rails($_) } @hostile[0 .. SAMPLE - 1];
cmp_ok($foreign, '>', SAMPLE / 3,
       "$foreign of " . SAMPLE . ' name something foreign to Rails');

$random = Differential::Random->new(19_700_101);
@failed = $replay->run(map { honest($random) } 1 .. HONEST);
is(scalar @failed, 0, 'of ' . HONEST . ' honest requests, each arrived as it '
    . 'was sent');
explain_failures(@failed);

done_testing;


sub reaches_rails {
    my ($case) = @_;

    return scalar grep { Differential::Replay::is_foreign($_) }
        $replay->direct($case);
}


# The first few, made small.
sub explain_failures {
    my (@failures) = @_;

    for my $failure (@failures[0 .. ($#failures < 4 ? $#failures : 4)]) {
        diag($failure->{why}, "\n", to_line($replay->minimise($failure)));
    }
    return;
}
