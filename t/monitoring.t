#!/usr/bin/perl

# The dashboard and the alert rules: they ask for what the module tells, and
# Prometheus's own tool finds them right.

use Procore::Test;

use JSON::PP ();

use Procore::Test::Example;

my $nginx = nginx(locations => 'location = /status { procore_scope_status; }');
my $dashboard = JSON::PP->new->utf8->decode(
    Procore::Test::Example::content('docs/grafana/dashboard.json'));
my $alerts = Procore::Test::Example::yaml('docs/prometheus/alerts.yml');


sub promtool {
    my (@arguments) = @_;

    my $output = qx(promtool @arguments 2>&1);
    return ($? >> 8, $output);
}


# What the module tells: name of a sample => { its labels }.
sub metrics {
    my $text = $nginx->request('GET', '/status?format=prometheus')->{body};
    my %metric;

    for (split /\n/, $text) {
        my ($name, $labels) = /^([a-z_:]+)(?:\{(.*)\})? \S+$/ or next;
        $metric{$name}{$_} = 1 for ($labels // '') =~ /(\w+)="/g;
        $metric{$name} //= {};
    }
    return \%metric;
}


my %expressions = (
    (map { ("alert $_->{alert}" => $_->{expr}) }
     map { @{ $_->{rules} } } @{ $alerts->{groups} }),
    map {
        my $panel = $_;
        map { ("panel $panel->{title} $_->{refId}" => $_->{expr}) }
            @{ $panel->{targets} || [] };
    } @{ $dashboard->{panels} });


subtest 'they ask for what is there' => sub {
    my $there = metrics();
    my %own = map { $_ => 1 } qw(instance job le);

    ok(scalar keys %$there, 'the module tells something');
    for my $where (sort keys %expressions) {
        my @wrong;
        while ($expressions{$where} =~ /\b(procore_scope_\w+)(?:\{([^}]*)\})?/g)
        {
            my ($name, $matchers) = ($1, $2 // '');
            push @wrong, $name unless $there->{$name};
            push @wrong, map { "$name\{$_}" }
                grep { !$own{$_} && !$there->{$name}{$_} }
                $matchers =~ /(\w+)\s*[=!]~?/g;
        }
        is(join(' ', @wrong), '', $where);
    }
};


subtest 'what an alert says can be followed' => sub {
    my $manual = Procore::Test::Example::content('docs/operations.md');
    my %heading = map {
        my $name = lc $_;
        $name =~ s/[^\w\- ]//g;
        $name =~ tr/ /-/;
        ($name => 1);
    } $manual =~ /^#+ (.*)$/mg;

    for my $rule (map { @{ $_->{rules} } } @{ $alerts->{groups} }) {
        my ($anchor) = $rule->{annotations}{runbook}
            =~ /^operations\.md#(.*)$/;
        ok($heading{ $anchor // '' }, "$rule->{alert}: a chapter");
        like($rule->{labels}{severity}, qr/^(?:page|ticket|note)$/,
             "$rule->{alert}: how urgent");
    }
};


subtest 'the dashboard is whole' => sub {
    my (%id, %cell);

    for my $panel (@{ $dashboard->{panels} }) {
        ok(!$id{ $panel->{id} }++, "$panel->{title}: a number of its own");
        my $at = $panel->{gridPos};
        my @taken = grep { $cell{$_}++ } map {
            my $x = $_;
            map { "$x,$_" } $at->{y} .. $at->{y} + $at->{h} - 1;
        } $at->{x} .. $at->{x} + $at->{w} - 1;
        is("@taken", '', "$panel->{title}: lies over no other");
        cmp_ok($at->{x} + $at->{w}, '<=', 24, "$panel->{title}: fits");
    }
};


subtest 'Prometheus reads them' => sub {
    plan skip_all => 'no promtool'
        if system('command -v promtool >/dev/null 2>&1');

    for (['rules' => 'check rules docs/prometheus/alerts.yml'],
         ['tests of the rules' => 'test rules docs/prometheus/alerts_test.yml'],
         ['configuration' => 'check config docs/prometheus/prometheus.yml'])
    {
        my ($name, $arguments) = @$_;
        my ($exit, $output) = promtool($arguments);
        is($exit, 0, $name) or diag($output);
    }
};


done_testing();
