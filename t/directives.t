#!/usr/bin/perl

# What "nginx -t" says of each directive: nothing about a right value, one
# sentence with file and line about a wrong one.

use Procore::Test;

use Cwd qw(abs_path);
use File::Temp ();
use List::Util qw(pairs);

my $HOME = 562949953421312;
my $FOREIGN = 598134325779301;
my $UUID = '6b1c1f0e-7d0a-4c52-9a0b-3f5d2c8e4a17';

# Bytes of the longest name of a parameter and of the longest manifest.
use constant { NAME_MAX => 64, MANIFEST_MAX => 262_144 };

my $files = File::Temp::tempdir(CLEANUP => 1);


# The path of a new file with this content.
sub file {
    my ($name, $content) = @_;

    open my $out, '>', "$files/$name" or die "$files/$name: $!\n";
    print $out $content;
    close $out or die "$files/$name: $!\n";
    return "$files/$name";
}


# Line LINE of FILE, which a message of nginx has named.
sub line_of {
    my ($file, $number) = @_;

    open my $in, '<', $file or return '';
    my @lines = <$in>;
    return $lines[$number - 1] // '';
}


# The messages of a level in the output: [text, the line of the configuration
# that it names].
sub messages {
    my ($output, $level) = @_;

    my @found;
    for my $line (split /\n/, $output) {
        next unless $line =~ /\[$level\] (?:\d+#\d+: )?(.*) in (\S+):(\d+)$/;
        push @found, [$1, line_of($2, $3)];
    }
    return @found;
}


# "nginx -t" refuses the directive in a sentence that the expression fits, and
# names its line.
sub refused {
    my ($directive, $expression, $block) = @_;

    my ($exit, $output) = config_test($block // 'server', "$directive;");
    my @emerg = grep { /\[emerg\]/ } split /\n/, $output;
    my ($found) = messages($output, 'emerg');

    subtest "refused: $directive" => sub {
        isnt($exit, 0, 'the exit code says so');
        is(scalar @emerg, 1, 'in one message') or diag($output);
        like($found && $found->[0], $expression, 'in a clear sentence');
        like($found && $found->[1], qr/\Q$directive\E/, 'with its line');
    };
    return;
}


# "nginx -t" accepts the directive, and has only to warn.
sub warned {
    my ($directive, $expression) = @_;

    my ($exit, $output) = config_test(server => "$directive;");
    my @found = messages($output, 'warn');

    subtest "accepted with a warning: $directive" => sub {
        is($exit, 0, 'it is accepted');
        is(scalar @found, 1, 'with one warning') or diag($output);
        like($found[0] && $found[0][0], $expression, 'in a clear sentence');
        like($found[0] && $found[0][1], qr/\Q$directive\E/, 'with its line');
    };
    return;
}


sub day {
    my ($seconds) = @_;

    my @t = gmtime(time + $seconds);
    return sprintf '%04d-%02d-%02d', $t[5] + 1900, $t[4] + 1, $t[3];
}


my $instruction = '"post_installation_instruction": {"page": '
    . '{"url": "https://help.example.com/setup", "label": "Setup"},'
    . ' "notes": "Ask your administrator."}';
my $manifest = file('manifest.json', "{$instruction}");


subtest 'every directive at its place' => sub {
    my $everywhere = join ' ',
        'procore_scope monitor;',
        'procore_scope_realm sandbox;',
        'procore_scope_paths /rest/ /vapid/ /more/;',
        'procore_scope_oauth off;',
        'procore_scope_bind authorize token_request client sole_company'
            . ' chooser first_use;',
        'procore_scope_choose_url https://gw.example.com/choose;',
        "procore_scope_client abc name=CRM \"company=$HOME Acme North\";",
        'procore_scope_client * deny;',
        'procore_scope_token_company off;',
        "procore_scope_company $HOME;",
        "procore_scope_alias $HOME $UUID;",
        'procore_scope_lookup /_inner/;',
        'procore_scope_lookup_timeout 1500ms;',
        'procore_scope_lookup_rate 20;',
        'procore_scope_projects_ttl 2h;',
        'procore_scope_miss_ttl 1m;',
        'procore_scope_body_size 16m;',
        'procore_scope_filter_companies off;',
        'procore_scope_header off;',
        'procore_scope_names company account_id;',
        'procore_scope_names project job_id job_ids;',
        'procore_scope_ignore tracker_project_id;',
        'procore_scope_unlisted deny;',
        'procore_scope_undecided lookup_failed deny store_failed deny;',
        "procore_scope_exception $FOREIGN client=abc client=def project=2002"
            . ' project=2003 until=' . day(86_400) . ' "note=joint venture";',
        "procore_scope_manifest $manifest;",
        'procore_scope_log_level warn;';

    config_ok('in http', mode => 'off', lookup => 0,
              http => "procore_scope_lookup_waiting 10; $everywhere");
    config_ok('in server', lookup => 0,
              server => $everywhere =~ s/procore_scope monitor;//r);
    config_ok('in location', location => $everywhere, locations =>
        'location = /choose { procore_scope_chooser; }');
};


subtest 'other right values' => sub {
    config_ok($_, server => "$_;") for (
        'procore_scope_bind none',
        'procore_scope_company ""',
        'procore_scope_company $ssl_client_s_dn',
        'procore_scope_body_size 0',
        'procore_scope_miss_ttl 0',
        'procore_scope_unlisted report',
        'procore_scope_undecided all deny',
        'procore_scope_undecided all deny lookup_failed deny',
        "procore_scope_exception $FOREIGN",
        "procore_scope_exception $FOREIGN until=2096-02-29",
        "procore_scope_exception $FOREIGN until=" . day(0),
        'procore_scope_names company ' . 'n' x NAME_MAX,
        map({ "procore_scope_log_level $_" } qw(info notice warn error)),
    );
};


subtest 'the store' => sub {
    my $store = "$files/store";

    config_ok('a store of one megabyte', no_store => 1, store => $store,
              http => 'procore_scope_store %%STORE%% size=1m;');
    ok(!-e $store, 'nginx -t makes no store');

    config_ok('no store where no mode is on', no_store => 1, mode => 'off');

    refused('procore_scope_store /nowhere', qr/"procore_scope_store" .*dupl/,
            'http');
    refused('procore_scope_store /nowhere', qr/not allowed here/);

    for my $case (['size=1023k', qr/invalid size "1023k", at least 1m/],
                  ['size=', qr/invalid size ""/],
                  ['size=lots', qr/invalid size "lots"/],
                  ['size=-1', qr/invalid size "-1"/],
                  ['1g', qr/invalid parameter "1g"/])
    {
        my ($size, $expression) = @$case;
        my ($exit, $output) = config_test(
            no_store => 1, http => "procore_scope_store %%STORE%% $size;");
        my ($found) = messages($output, 'emerg');

        isnt($exit, 0, "a store of $size is refused");
        like($found && $found->[0], $expression, 'in a clear sentence');
        like($found && $found->[1], qr/procore_scope_store/, 'with its line');
    }

    my ($exit, $output) = config_test(
        no_store => 1, http => 'procore_scope_store "";');
    isnt($exit, 0, 'a store without a name is refused');
    like($output, qr/"procore_scope_store" directive needs the name of a f/,
         'in a clear sentence');
};


subtest 'a mode without a store' => sub {
    my %mode = (
        monitor => { mode => 'monitor' },
        enforce => { mode => 'enforce' },
        location => { mode => 'off', location => 'procore_scope enforce;' },
    );

    for my $name (sort keys %mode) {
        my ($exit, $output) = config_test(no_store => 1, %{ $mode{$name} });
        my ($file, $line) = $output =~ /"procore_scope" in (\S+):(\d+) needs /;

        isnt($exit, 0, "$name: it is refused");
        like($output, qr/needs a "procore_scope_store"/, 'the cure is named');
        is(scalar(() = $output =~ /\[emerg\]/g), 1, 'in one message');
        like(defined $file && line_of($file, $line),
             qr/procore_scope (?:monitor|enforce);/, 'with the line');
    }
};


subtest 'the mode' => sub {
    for my $value (qw(on enforced enforcing)) {
        my ($exit, $output) = config_test(mode => $value);
        my ($found) = messages($output, 'emerg');

        isnt($exit, 0, "the mode $value is refused");
        like($found && $found->[0], qr/invalid value "$value"/, 'and named');
        like($found && $found->[1], qr/procore_scope $value;/,
             'with its line');
    }

    refused('procore_scope monitor', qr/"procore_scope" directive is dupl/);
};


subtest 'wrong values' => sub {
    my $past = 'n' x (NAME_MAX + 1);

    refused(@$_) for (
        ['procore_scope_realm ""', qr/"procore_scope_realm".* needs a name/],
        ['procore_scope_paths rest/', qr{"rest/" does not begin with "/"}],
        ['procore_scope_paths /rest/ ""', qr{"" does not begin with "/"}],
        ['procore_scope_oauth yes', qr/"yes" in "procore_scope_oauth"/],
        ['procore_scope_bind token', qr/unknown way to bind "token"/],
        ['procore_scope_bind none token_request',
         qr/unknown way to bind "none"/],
        ['procore_scope_company acme', qr/"acme" in "procore_scope_\w+" is not an id/],
        ['procore_scope_company 007', qr/"007" in "procore_scope_\w+" is not an id/],
        ['procore_scope_company 0', qr/"0" in "procore_scope_\w+" is not an id/],
        ['procore_scope_company 9223372036854775808', qr/is not an id/],
        ["procore_scope_alias acme $UUID", qr/"acme" in "procore_scope_\w+" is not an id/],
        ["procore_scope_alias $HOME north", qr/"north" is not a UUID/],
        ["procore_scope_alias $HOME", qr/number of arguments/],
        ['procore_scope_lookup_timeout 0', qr/equal to or greater than 1/],
        ['procore_scope_lookup_timeout soon', qr/invalid value/],
        ['procore_scope_lookup_rate 0', qr/between 1 and 3600/],
        ['procore_scope_lookup_rate 3601', qr/between 1 and 3600/],
        ['procore_scope_lookup_rate many', qr/invalid number/],
        ['procore_scope_projects_ttl 0', qr/equal to or greater than 1/],
        ['procore_scope_projects_ttl 1x', qr/invalid value/],
        ['procore_scope_miss_ttl 10sec', qr/invalid value/],
        ['procore_scope_body_size 8q', qr/invalid value/],
        ['procore_scope_filter_companies 1',
         qr/"1" in "procore_scope_filter_companies"/],
        ['procore_scope_header 1', qr/"1" in "procore_scope_header"/],
        ['procore_scope_token_company 1',
         qr/"1" in "procore_scope_token_company"/],
        ['procore_scope_names vendor vendor_id',
         qr/"vendor" is neither "company" nor "project"/],
        ['procore_scope_names company', qr/number of arguments/],
        ['procore_scope_names company ""', qr/"" must have 1 to 64 bytes/],
        ["procore_scope_names company $past", qr/must have 1 to 64 bytes/],
        ['procore_scope_names project job[id]', qr/"job\[id\]" must be a sin/],
        ['procore_scope_names project job.id', qr/"job\.id" must be a single/],
        ['procore_scope_ignore company_id',
         qr/built-in name "company_id" cannot be ignored/],
        ['procore_scope_ignore other project_ids',
         qr/built-in name "project_ids" cannot be ignored/],
        ['procore_scope_unlisted allow',
         qr/"allow" is neither "report" nor "deny"/],
        ['procore_scope_undecided all', qr/number of arguments/],
        ['procore_scope_undecided all deny lookup_failed', qr/needs pairs/],
        ['procore_scope_undecided all maybe',
         qr/"maybe" is neither "deny" nor "allow"/],
        ['procore_scope_undecided foreign_company deny',
         qr/"foreign_company" is no reason for an open decision/],
        ["procore_scope_exception $FOREIGN until=2030-01-01 until=2031-01-01",
         qr/has "until" twice/],
        ["procore_scope_exception $FOREIGN note=a note=b",
         qr/has "note" twice/],
        ['procore_scope_exception acme', qr/"acme" in "procore_scope_\w+" is not an id/],
        ["procore_scope_exception $FOREIGN project=x", qr/"x" in "procore_scope_\w+" is not an id/],
        ["procore_scope_exception $FOREIGN client=",
         qr/invalid parameter "client="/],
        ["procore_scope_exception $FOREIGN forever",
         qr/invalid parameter "forever"/],
        map({ ["procore_scope_exception $FOREIGN until=$_",
               qr/"$_" is not a date/] }
            qw(tomorrow 2096-2-1 2095-02-29 2096-13-01 2096-00-01 2096-04-31
               1969-12-31 2096-01-01T00:00)),
        ['procore_scope_log_level debug', qr/invalid value "debug"/],
    );

    refused('procore_scope_lookup_waiting many', qr/invalid number/, 'http');
    refused('procore_scope_lookup_waiting 0', qr/must be equal to or greater/,
            'http');
    refused('procore_scope_lookup_waiting 10', qr/not allowed here/);
};


subtest 'the lookup location' => sub {
    for my $case (['_procore', qr{"_procore" does not begin with "/"}],
                  ['""', qr{"" does not begin with "/"}],
                  ['/', qr{needs a location of its own}],
                  ['//', qr{needs a location of its own}])
    {
        my ($value, $expression) = @$case;
        my ($exit, $output) = config_test(
            lookup => 0, server => "procore_scope_lookup $value;");
        my ($found) = messages($output, 'emerg');

        isnt($exit, 0, "the lookup location $value is refused");
        like($found && $found->[0], $expression, 'in a clear sentence');
        like($found && $found->[1], qr/procore_scope_lookup \Q$value\E;/,
             'with its line');
    }
};


subtest 'the manifest' => sub {
    my $whole = "{$instruction}";

    refused("procore_scope_manifest $files/none.json", qr/none\.json" failed/);
    refused("procore_scope_manifest $files", qr/failed \(21: Is a directory\)/);

    refused('procore_scope_manifest ' . file(@$_[0, 1]), $_->[2]) for (
        ['empty.json', '', qr/must have 1 to 262144 bytes/],
        ['long.json', $whole . ' ' x (MANIFEST_MAX + 1 - length $whole),
         qr/must have 1 to 262144 bytes/],
        ['text.json', 'no JSON', qr/is not an App Manifest/],
        ['other.json', '{"app_version_key": "1"}', qr/has no "post_installation/],
        ['plain.json', $whole =~ s/https/http/r, qr/is not an App Manifest/],
    );

    config_ok('as long as may be', server => 'procore_scope_manifest '
        . file('full.json', $whole . ' ' x (MANIFEST_MAX - length $whole))
        . ';');
};


subtest 'once is enough' => sub {
    refused("$_; $_", qr/directive is duplicate/) for (
        'procore_scope_realm sandbox',
        'procore_scope_paths /rest/',
        'procore_scope_bind none',
        'procore_scope_oauth off',
        "procore_scope_company $HOME",
        'procore_scope_lookup_timeout 1s',
        'procore_scope_lookup_rate 20',
        'procore_scope_projects_ttl 1h',
        'procore_scope_miss_ttl 10s',
        'procore_scope_body_size 8m',
        'procore_scope_filter_companies on',
        'procore_scope_header on',
        'procore_scope_unlisted deny',
        "procore_scope_manifest $manifest",
        'procore_scope_log_level warn',
        'procore_scope_token_company on',
    );
    refused('procore_scope_client abc; procore_scope_client abc',
            qr/client "abc" is here twice/);
};


subtest 'these may be repeated' => sub {
    config_ok($_, server => "$_; $_;") for (
        "procore_scope_alias $HOME $UUID",
        'procore_scope_names company account_id',
        'procore_scope_ignore tracker_project_id',
        'procore_scope_undecided all deny',
        "procore_scope_exception $FOREIGN",
    );
};


subtest 'what weakens the promise is said' => sub {
    warned("procore_scope_undecided $_ allow", qr/undecided $_ allow" lets/)
        for qw(all lookup_failed store_failed);

    for my $day (day(-86_400), '1970-01-01') {
        warned("procore_scope_exception $FOREIGN until=$day",
               qr/exception for company $FOREIGN has run out/);
    }
};


# ---- the documents say the same ----------------------------------------------

my $top = abs_path(__FILE__ =~ s{[^/]+$}{}r . '..');


# A file of this project, whole.
sub project_file {
    my ($name) = @_;

    open my $in, '<', "$top/$name" or die "$top/$name: $!\n";
    local $/;
    return scalar <$in>;
}


# The text under a heading, up to the next one of its level.
sub chapter {
    my ($text, $heading) = @_;

    my ($level) = $heading =~ /^(#+)/;
    my ($found) = $text =~ /^\Q$heading\E\n(.*?)(?=^$level |\z)/ms;
    return $found // '';
}


sub sorted {
    return join "\n", sort @_;
}


my $reference = project_file('docs/directives.md');


subtest 'the reference has every directive' => sub {
    my $code = project_file('ngx_http_procore_scope_module.c');
    my @built = $code =~ /\{ ngx_string\("(procore_scope\w*)"\),/g;

    is(sorted($reference =~ /^## (procore_scope\w*)$/mg), sorted(@built),
       'they have a section each');

    for my $name (sort @built) {
        like(chapter($reference, "## $name"),
             qr/\A\n    Syntax:   $name(?: .*)?;\n(?:    .*\n)*    Context:  \w/s,
             "$name: syntax, default, context");
    }
};


subtest 'the reference has every variable' => sub {
    my $code = project_file('src/http/ngx_http_procore_scope_variables.c');
    my @variables = $code =~ /\{ ngx_string\("(procore_scope_\w+)"\), NULL/g;

    is(sorted(chapter($reference, '# Variables')
              =~ /^\| `\$(procore_scope_\w+)`/mg),
       sorted(@variables), 'and no other');
};


subtest 'the reference has every reason' => sub {
    my $table = project_file('src/policy/procore_reason.def');
    my @reasons = map { s/ 0$/ -/r } map { join ' ', @$_ } pairs($table
        =~ /^PROCORE_REASON\(\w+, "(\w+)", (\d+),/mg);
    my @rows;

    for my $row (chapter($reference, '# Reasons') =~ /^(\| `.*)/mg) {
        my ($names, $status) = $row =~ /^\| (.*?) \| (\d+|-) \|/;
        push @rows, map { "$_ $status" } $names =~ /`(\w+)`/g;
    }

    is(sorted(@rows), sorted(@reasons), 'with its status');
};


subtest 'the reference has every name that counts' => sub {
    my $table = project_file('src/claims/procore_names.def');
    my $chapter = chapter($reference, '# Names that count');
    my %kinds = (COMPANY => '', PROJECT => '', NONE => '');

    $kinds{$2} .= " $1"
        while $table =~ /^PROCORE_NAME\("(\w+)", +(\w+),/mg;

    my ($company, $project)
        = $chapter =~ /^\| query, body \| (.*) \| (.*) \|$/m;
    my ($none) = $chapter =~ /^Known as something else (.*?)\n\n/ms;

    for my $case ([COMPANY => $company], [PROJECT => $project],
                  [NONE => $none])
    {
        my ($kind, $text) = @$case;
        my @names = grep { $_ ne 'id' } $text =~ /`(\w+)`/g;

        is(sorted(@names), sorted(split ' ', $kinds{$kind}), "those of $kind");
    }
};


subtest 'the configuration of the README is right' => sub {
    my ($block) = project_file('README.md') =~ /^```nginx\n(.*?)^```/ms;

    $block =~ s{/var/lib/nginx/procore-scope}{%%STORE%%};
    $block =~ s{/var/log/nginx}{%%DIR%%/logs}g;
    $block =~ s{127\.0\.0\.1:8080}{127.0.0.1:%%PORT%%};
    $block =~ s{https://\w+\.procore\.com}{%%API%%}g;

    my $module = Procore::Test::Config::module_path();
    my $load = $module eq 'static' ? '' : 'load_module '
        . abs_path($module) . ';';
    my $temp = join "\n", map { "${_}_temp_path %%DIR%%/temp/$_;" }
        qw(client_body proxy fastcgi uwsgi scgi);

    config_ok('as it stands there', conf => <<"EOT");
$load
pid %%DIR%%/nginx.pid;
error_log %%DIR%%/logs/error.log;
events {}
http {
$temp
$block
}
EOT
};


done_testing();
