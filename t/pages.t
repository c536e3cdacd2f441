#!/usr/bin/perl

# The pages that users see, in a real browser: markup, accessibility, small
# windows, keyboard. Rendered by t/pages/render.c from t/pages/cases.js.

use Procore::Test;
use Procore::Test::Node qw(node);

my $render = 'build/pages/render';
my $said = qx(make -s $render 2>&1);
is($?, 0, 'what renders is built') or diag($said);

my $state = '0123456789abcdef' x 4;
my %form = (state => $state, token => 'f00d' x 16);
my $app = 'https://crm.example.com/callback?code=psg_1';


# What drive.js does with these cases, and what then has to be true.
my @walks;


sub walk {
    my ($name, $cases, $order, $check) = @_;

    push @walks, { name => $name, walk => [$cases, $order], check => $check };
}


sub posts {
    my ($seen, %fields) = @_;

    is_deeply($seen->{posted},
              [['POST', '/oauth/company', { %form, %fields }]], 'the form');
    is($seen->{url}, $app, 'then the app');
}


for my $by (qw(keyboard click)) {
    walk("$by: one of six, another than the preselected", ['six companies'],
         { by => $by, choose => '562949953421333' }, sub {
        my ($seen) = @_;
        is($seen->{pages}[0]{selected}, '562949953421326', 'preselected');
        posts($seen, action => 'choose', company => '562949953421333');
    });

    walk("$by: the preselected one", ['six companies'],
         { by => $by, choose => '562949953421326' }, sub {
        posts(shift, action => 'choose', company => '562949953421326');
    });

    walk("$by: none is chosen", ['two companies'],
         { by => $by, none => 1 }, sub {
        my ($seen) = @_;
        ok($seen->{refused}, 'the browser asks for one');
        is_deeply($seen->{posted}, [], 'nothing sent');
    });

    walk("$by: cancel, with nothing chosen", ['two companies'],
         { by => $by, cancel => 1 }, sub {
        my ($seen) = @_;
        is($seen->{pages}[0]{selected}, undef, 'nothing');
        posts($seen, action => 'cancel');
    });

    walk("$by: one of 250, by its id", ['two hundred and fifty companies'],
         { by => $by, choose => '562949953422971' }, sub {
        my ($seen) = @_;
        is_deeply($seen->{sent}[1], ['GET', '/oauth/company', {
            state => $state, search => '562949953422971' }], 'search');
        is_deeply($seen->{pages}[1]{companies}, ['562949953422971'], 'found');
        posts($seen, action => 'choose', company => '562949953422971');
    });

    walk("$by: one of 250, by its name", ['two hundred and fifty companies'],
         { by => $by, search => 'REGION 237', choose => '562949953422971' },
         sub {
        my ($seen) = @_;
        is_deeply($seen->{pages}[1]{companies}, ['562949953422971'], 'found');
        posts($seen, action => 'choose', company => '562949953422971');
    });

    walk("$by: back, where there is nothing", ['nothing to choose'],
         { by => $by, back => 1 }, sub {
        posts(shift, action => 'cancel');
    });
}

walk('one of 250, by the page links', ['two hundred and fifty companies'],
     { by => 'pages', choose => '562949953422971' }, sub {
    my ($seen) = @_;
    is(scalar @{ $seen->{pages} }, 5, 'pages');
    my %all = map { $_ => 1 } map { @{ $_->{companies} } } @{ $seen->{pages} };
    is(scalar keys %all, 250, 'all companies');
    posts($seen, action => 'choose', company => '562949953422971');
});

walk('a search that finds nothing', ['two hundred and fifty companies'],
     { search => '<script>', choose => '562949953422971' }, sub {
    my ($seen) = @_;
    like($seen->{pages}[1]{text}, qr/No company matches <script>/, 'said');
    is_deeply($seen->{posted}, [], 'nothing sent');
});

walk('one moment, twice, then the picker',
     ['one moment', 'one moment', 'two companies'],
     { choose => '562949953421312' }, sub {
    my ($seen) = @_;
    is($seen->{visits}[2]{method}, 'GET', 'reloads by itself');
    is($seen->{pages}[-1]{kind}, 'picker', 'to the picker');
    posts($seen, action => 'choose', company => '562949953421312');
});

walk('the code can be copied with the keyboard', ['a code to copy'], {}, sub {
    is(shift->{code}, 'psg_' . '0123456789abcdef' x 4, 'all of it, no more');
});

walk('hostile names are text', ['hostile names'],
     { script => 1, by => 'click', choose => '100' }, sub {
    my ($seen) = @_;
    is_deeply($seen->{pages}[0]{companies}, [100 .. 107], 'companies');
    like($seen->{pages}[0]{text}, qr{</label><script>alert\(1\)</script>},
         'shown as it is');
    posts($seen, action => 'choose', company => '100');
});


my $found = node('pages', 'check.js', {
    render => $render, screenshots => $ENV{TEST_SCREENSHOTS} });

cmp_ok(scalar keys %$found, '>', 15, 'cases');
is_deeply($found->{$_}, [], "no finding: $_") for sort keys %$found;

my $seen = node('pages', 'walk.js', { render => $render,
                                      walks => [map { $_->{walk} } @walks] });

for my $i (0 .. $#walks) {
    subtest $walks[$i]{name} => sub {
        my $one = $seen->[$i];
        is_deeply($one->{problems}, [], 'the browser has no complaint');
        $one->{posted} = [grep { $_->[0] eq 'POST' } @{ $one->{sent} }];
        $walks[$i]{check}->($one);
    };
}

done_testing();
