#!/usr/bin/perl

# The same request gets the same verdict over HTTP/1.0, 1.1 and 2.

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/rails/lib";

use Procore::Test;

use Differential::H2 qw(fits_h2 h2_exchange);
use Differential::Honest qw(honest);
use Differential::Hostile qw(hostile);
use Differential::Random;
use Differential::Replay;
use Differential::Request qw(copy_of to_line);
use Differential::World qw(replay);

use constant CASES => 400;

my @versions = qw(1.0 1.1 2);

my $replay = replay();
my $nginx = $replay->{nginx};
my $random = Differential::Random->new(77);
my @cases;

while (@cases < CASES) {
    my $case = $random->chance(50) ? honest($random) : hostile($random);
    push @cases, $case if fits_h2($case);
}

for my $i (0 .. $#cases) {
    send_over($_, $cases[$i], "case-$i-$_") for @versions;
}

# The last lines of the log may be written after the last answers; what nginx
# itself refuses has none.
my %verdict;
wait_for(5, sub {
    %verdict = verdicts();
    return keys %verdict == @cases * @versions;
});
my ($passed, @differ) = 0;
for my $i (0 .. $#cases) {
    my ($first, @others) = map { $verdict{"case-$i-$_"} // 'none' } @versions;
    $passed++ if $first eq 'allow ok';
    push @differ, "$first, @others\n" . to_line($cases[$i])
        if grep { $_ ne $first } @others;
}

is(scalar @differ, 0, CASES . ' requests, each with the same verdict')
    or diag(join "\n", @differ[0 .. ($#differ < 4 ? $#differ : 4)]);
cmp_ok($passed, '>', CASES / 4, "$passed of them passed");
cmp_ok(CASES - $passed, '>', CASES / 4, 'the others were refused');

done_testing;


sub send_over {
    my ($version, $case, $id) = @_;

    my $sent = copy_of($case);
    delete $sent->{frame} if $version eq '1.0';
    $sent->{version} = $version;
    return h2_exchange($nginx->h2_port, $sent, $id) if $version eq '2';
    return $replay->exchange($nginx->port, $sent, $id);
}


# Decision and reason of each request, as the audit has them.
sub verdicts {
    my %found;
    for my $record ($nginx->audit) {
        my $scope = $record->{procore_scope};
        $found{ $record->{user_agent}{original} } =
            "$scope->{decision} $scope->{reason}";
    }
    return %found;
}
