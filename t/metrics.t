#!/usr/bin/perl

# The metrics: valid for Prometheus, bounded, the same numbers as the JSON, and
# exactly those that docs/metrics.md lists.

use Procore::Test;
use Procore::Test::Status qw(STATUS counted metrics parse_metrics);

use Cwd qw(abs_path);

my $top = abs_path(__FILE__ =~ s{[^/]+$}{}r . '..');
my $world = world();
my ($home, $foreign) = @$world{qw(home foreign)};

my $nginx = nginx(workers => 2, locations => STATUS,
                  http => 'procore_scope_exception 5 until=2020-01-01;',
                  server => 'procore_scope_realm "a\"b\\\\c";');


subtest 'what was sent' => sub {
    my $token = bind_token($nginx, company => $home);

    for (1 .. 3) {
        $nginx->request('GET', "/rest/v1.0/x?company_id=$foreign",
                        token => $token->{access_token});
        $nginx->request('GET', "/rest/v1.0/x?company_id=$home&project_id=$_",
                        token => $token->{access_token});
    }
    my $json = counted($nginx, 7);
    my ($sample, $type, $wrong) = metrics($nginx);

    is_deeply($wrong, [], 'the format is kept to');
    for my $decision (sort keys %{ $json->{requests} }) {
        my $of = $json->{requests}{$decision};
        is($sample->{'procore_scope_requests_total{decision="' . $decision
                     . "\",reason=\"$_\"}"}, $of->{$_}, "$decision $_")
            for sort keys %$of;
    }
    my $is = sub {
        my ($name, $value, $what) = @_;
        is($sample->{"procore_scope_$name"}, $value, $what // $name);
    };
    $is->('requests_total{decision="deny",reason="foreign_company"}', 3);
    $is->('company_requests_total{realm="a\"b\\\\c",company="' . $home
          . '",decision="deny"}', $json->{companies}{rows}[0]{deny},
          'a label with quotes');
    $is->('lookups_total', $json->{lookups});
    cmp_ok($json->{lookups}, '>=', 1, 'lists were asked for');
    $is->('lookup_results_total{outcome="ok"}', $json->{lookup_results}{ok});
    $is->('bindings_total{way="token_request"}', 1);
    $is->('commit_seconds_count', $json->{commit_microseconds}{count});
    $is->('commit_seconds_bucket{le="+Inf"}',
          $json->{commit_microseconds}{count});
    $is->('places{mode="enforce"}', 1);
    $is->('expired_exceptions', 1);
    $is->('workers', 2);
    $is->('held_requests', 0);
    $is->('store_ready', 1);
    $is->('store_bytes', $json->{store_bytes});
    $is->('store_limit_bytes', 1 << 30);
};


subtest 'promtool' => sub {
    plan skip_all => 'no promtool: apt-get install prometheus'
        unless grep { -x "$_/promtool" } split /:/, $ENV{PATH};

    my $file = $nginx->dir . '/metrics';
    open my $out, '>', $file or die "$file: $!\n";
    print $out $nginx->request('GET', '/status?format=prometheus')->{body};
    close $out;
    my $said = qx(promtool check metrics < $file 2>&1);
    is("$? $said", '0 ', 'nothing to complain of');
};


subtest 'the reference has every metric' => sub {
    open my $in, '<', "$top/docs/metrics.md" or die "$!";
    my $text = do { local $/; <$in> };
    my %told = $text =~ /^\| `(procore_scope_\w+)` \| (\w+) \|/mg;
    my ($sample, $type) = metrics($nginx);

    is_deeply(\%told, $type, 'with its type, and no other');

    my %labels;
    for my $key (keys %$sample) {
        my ($name, $in_braces) = $key =~ /^(\w+)(?:\{(.*)\})?$/;
        $name =~ s/_(?:bucket|sum|count)$//
            unless $type->{$name};
        $labels{$name}{$_} = 1 for ($in_braces // '') =~ /(?:^|,)(\w+)="/g;
    }
    for my $name (sort keys %$type) {
        my ($cell) = $text =~ /^\| `$name` \| \w+ \|([^|]*)\|/m;
        is(join(' ', sort($cell =~ /`(\w+)`/g)),
           join(' ', sort keys %{ $labels{$name} }), "labels of $name");
    }
};


subtest 'a reader that finds what is wrong' => sub {
    for my $text ("procore_x 1\n", "# HELP a b\n# TYPE a gauge\na{b=\"\"\"} 1\n",
                  "# HELP a b\n# TYPE a counter\na 1\n", "# HELP a b\na 1",
                  "# HELP a b\n# TYPE a gauge\na 1\na 1\n") {
        my (undef, undef, $wrong) = parse_metrics($text);
        ok(scalar @$wrong, 'complains of ' . $text =~ s/\n/ | /gr);
    }
};


done_testing();
