#!/usr/bin/perl

# The documents hold together: every link leads somewhere, every page is in the
# index, every reason is explained, every configuration in them parses.

use Procore::Test;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Find ();
use File::Spec ();
use JSON::PP ();

use Procore::Test::Example;
use Procore::Test::Host ();

my $top = abs_path(__FILE__ =~ s{[^/]+$}{}r . '..');
my @pages = pages();
my %text = map { $_ => Procore::Test::Host::read_file("$top/$_") } @pages;


# The documents, by their paths from the top.
sub pages {
    my @found = ('README.md');

    File::Find::find({ no_chdir => 1, wanted => sub {
        push @found, File::Spec->abs2rel($_, $top) if /\.md\z/;
    } }, "$top/docs");
    return sort @found, 't/README.md';
}


# Blocks of a page: [language, content, line].
sub blocks {
    my ($page) = @_;

    my (@found, $open);
    my $line = 0;
    for (split /\n/, $text{$page}, -1) {
        $line++;
        if ($open && /^\s*```\s*$/) {
            push @found, $open;
            undef $open;
        } elsif ($open) {
            $open->[1] .= "$_\n";
        } elsif (/^\s*```(\w*)/) {
            $open = [$1, '', $line];
        }
    }
    return @found;
}


# A page without its code, which may hold brackets of other kinds.
sub prose {
    my ($page) = @_;

    my $prose = $text{$page};
    $prose =~ s/^\s*```.*?^\s*```\s*$//gms;
    $prose =~ s/^(?: {4}|\t).*$//gm;
    $prose =~ s/`[^`\n]*`/`/g;
    return $prose;
}


# The anchors of a page, made as GitHub does.
sub anchors {
    my ($page) = @_;

    my (%seen, %anchor);
    my $body = $text{$page} =~ s/^\s*```.*?^\s*```\s*$//gmsr;
    for my $heading ($body =~ /^#{1,6} +(.*?) *$/mg) {
        my $name = lc $heading =~ s/\[([^]]*)\]\([^)]*\)/$1/gr;
        $name =~ s/[^\w\- ]//g;
        $name =~ tr/ /-/;
        $anchor{ $seen{$name}++ ? "$name-" . ($seen{$name} - 1) : $name } = 1;
    }
    return \%anchor;
}


my %anchors = map { $_ => anchors($_) } @pages;


subtest 'every link leads somewhere' => sub {
    for my $page (@pages) {
        my @broken;

        for my $link (prose($page) =~ /\]\(\s*([^)\s]+)\s*\)/g) {
            next if $link =~ m{^(?:https?|mailto):};
            my ($path, $anchor) = $link =~ /^([^#]*)(?:#(.*))?$/;
            my $target = length $path
                ? clean(File::Spec->catfile(dirname($page), $path)) : $page;

            push @broken, "$link: no such file" unless -e "$top/$target";
            push @broken, "$link: no such heading"
                if defined $anchor
                && !($anchors{$target} && $anchors{$target}{$anchor});
        }
        is(join("\n", @broken), '', $page);
    }
};


# A path without "..".
sub clean {
    my ($path) = @_;

    $path =~ s{^\./}{};
    1 while $path =~ s{(?:^|(?<=/))(?!\.\./)[^/]+/\.\./}{};
    return $path;
}


subtest 'the README leads to every page' => sub {
    my %linked = map { $_ => 1 } $text{'README.md'} =~ /\]\(([^)#]+)/g;

    is(join("\n", grep { m{^docs/[^/]+\.md$} && !$linked{$_} } @pages), '',
       'and none is forgotten');
    ok($linked{'docs/examples/README.md'}, 'to the examples, too');
};


subtest 'every example is in the index' => sub {
    my $index = $text{'docs/examples/README.md'};
    my @files;

    File::Find::find({ no_chdir => 1, wanted => sub {
        push @files, File::Spec->abs2rel($_, "$top/docs/examples") if -f;
    } }, "$top/docs/examples");
    for my $file (sort grep { $_ ne 'README.md' } @files) {
        ok(index($index, "]($file)") >= 0, $file);
    }
};


subtest 'every reason is explained' => sub {
    my $table = Procore::Test::Host::read_file(
        "$top/src/policy/procore_reason.def");
    my @reasons = $table =~ /^PROCORE_REASON\(\w+, "(\w+)"/mg;
    my @explained = $text{'docs/troubleshooting.md'} =~ /^### `(\w+)`$/mg;

    is(join("\n", sort @explained), join("\n", sort @reasons),
       'in a section of its own, and no other');

    for my $reason (@explained) {
        my ($section) = $text{'docs/troubleshooting.md'}
            =~ /^### `$reason`\n(.*?)(?=^##|\z)/ms;
        like($section, qr/^\*\*App:\*\* \S/m, "$reason: what the app does");
        like($section, qr/^\*\*Operator:\*\* \S/m,
             "$reason: what the operator does");
    }
};


subtest 'every configuration parses' => sub {
    for my $page (grep { $_ ne 't/README.md' } @pages) {
        for my $block (grep { $_->[0] eq 'nginx' } blocks($page)) {
            my ($ok, $output) = Procore::Test::Example::parses($block->[1]);
            ok($ok, "$page:$block->[2]") or diag($output);
        }
    }
};


# One object, some members of one, or JSON Lines.
subtest 'all JSON is JSON' => sub {
    my $json = JSON::PP->new->utf8;

    for my $page (@pages) {
        for my $block (grep { $_->[0] eq 'json' } blocks($page)) {
            my $whole = eval { $json->decode($block->[1]); 1 }
                || eval { $json->decode("{$block->[1]}"); 1 };
            my $lines = eval {
                $json->decode($_) for grep { /\S/ } split /\n/, $block->[1];
                1;
            };
            ok($whole || $lines, "$page:$block->[2]");
        }
    }
};


subtest 'a shell reads all commands' => sub {
    for my $page (@pages) {
        for my $block (grep { $_->[0] eq 'sh' } blocks($page)) {
            open my $shell, '|-', 'sh', '-n' or die "sh: $!";
            print {$shell} $block->[1];
            ok(close $shell, "$page:$block->[2]");
        }
    }
};


done_testing();
