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

my $replay = replay();
my $nginx = $replay->{nginx};
my $random = Differential::Random->new(77);
my ($compared, $passed, @differ) = (0, 0);

while ($compared < CASES) {
    my $case = $random->chance(50) ? honest($random) : hostile($random);
    next unless fits_h2($case);

    my %verdict = map { $_ => verdict_over($_, $case) } qw(1.0 1.1 2);
    $compared++;
    $passed++ if $verdict{1.1} eq 'allow ok';
    next if $verdict{'1.0'} eq $verdict{1.1} && $verdict{2} eq $verdict{1.1};
    push @differ, join(', ', map { "$_: $verdict{$_}" } sort keys %verdict)
        . "\n" . to_line($case);
}

is(scalar @differ, 0, "$compared requests, each with the same verdict")
    or diag($_) for @differ ? @differ[0 .. ($#differ < 4 ? $#differ : 4)] : '';
cmp_ok($passed, '>', CASES / 4, "$passed of them passed");
cmp_ok(CASES - $passed, '>', CASES / 4, 'the others were refused');

done_testing;


# Decision and reason, as the audit has them.
sub verdict_over {
    my ($version, $case) = @_;

    my $sent = copy_of($case);
    delete $sent->{frame} if $version eq '1.0';
    $sent->{version} = $version;
    $nginx->skip_audit;
    $version eq '2' ? h2_exchange($nginx->h2_port, $sent, 'versions')
                    : $replay->exchange($nginx->port, $sent, 'versions');

    my $record = $nginx->next_audit or return 'none';
    my $scope = $record->{procore_scope};
    return "$scope->{decision} $scope->{reason}";
}
