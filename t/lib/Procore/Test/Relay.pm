package Procore::Test::Relay;

# From an app's link to the gateway's code, for tests of what comes after.

use strict;
use warnings;

use Exporter 'import';
use POSIX ();

use Procore::Test::Browser;
use Procore::Test::HTTP qw(encode_form);
use Procore::Test::OAuth qw(remember world);

our @EXPORT_OK = qw(CHALLENGE VERIFIER at_app at_once browser call consent keep
                    logged_in picker refused start_url told);

# RFC 7636, appendix B
use constant VERIFIER => 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
use constant CHALLENGE => 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';


# A user picks a company; the code for the app. Options:
#   standin   who is at the login host (needed)
#   client    crm;  redirect  its first URI;  user  1
#   company   world()->{home}
#   pkce      true: with the challenge of VERIFIER
#   base      how the browser calls the gateway
sub consent {
    my ($nginx, %opt) = @_;

    my $base = $opt{base} // $nginx->url;
    my $browser = Procore::Test::Browser->new(
        hosts => { $base => $nginx, $opt{standin}->url => $opt{standin} });
    my $app = world()->{clients}{ $opt{client} // 'crm' };
    my $redirect = $opt{redirect} // $app->{redirect_uris}[0];

    my $page = $browser->link("$base/oauth/authorize?" . encode_form(
        response_type => 'code', client_id => $app->{id}, state => 'x',
        redirect_uri => $redirect, login_as => $opt{user} // 1,
        $opt{pkce} ? (code_challenge => CHALLENGE,
                      code_challenge_method => 'S256') : ()));
    keep($browser);
    remember(VERIFIER, CHALLENGE) if $opt{pkce};
    $browser->submit(company => $opt{company} // world()->{home},
                     action => 'choose') unless $page->{away};

    my %answer = $browser->arrived($redirect);
    die "no code: $browser->{page}{url}\n" unless $answer{code};
    remember($answer{code});
    return $answer{code};
}


# A browser that knows the gateway and the login host. Options: base, and
# those of Procore::Test::Browser.
sub browser {
    my ($nginx, %opt) = @_;

    my $base = delete $opt{base} // $nginx->url;
    my $standin = Procore::Test::standin();
    return Procore::Test::Browser->new(
        hosts => { $base => $nginx, $standin->url => $standin }, %opt);
}


# The link that an app shows. Options: client, redirect, user, base; query
# (in place of all parameters), state (undef: none), params (added).
sub start_url {
    my ($nginx, %opt) = @_;

    my $app = world()->{clients}{ $opt{client} // 'crm' };
    my $query = $opt{query} // encode_form(
        response_type => 'code', client_id => $app->{id},
        redirect_uri => $opt{redirect} // $app->{redirect_uris}[0],
        exists $opt{state} ? (defined $opt{state} ? (state => $opt{state})
                                                  : ())
                           : (state => 'a state'),
        login_as => $opt{user} // 1, @{ $opt{params} || [] });
    return ($opt{base} // $nginx->url) . "/oauth/authorize?$query";
}


# From the app's link to the picker; the browser. Options: those of
# start_url(), and browser, to go on with one.
sub picker {
    my ($nginx, %opt) = @_;

    my $browser = $opt{browser}
        // browser($nginx, $opt{base} ? (base => $opt{base}) : ());
    $browser->link(start_url($nginx, %opt));
    return keep($browser);
}


# A browser that has logged in; also the URL that it is sent back to, and its
# state. Options: those of picker().
sub logged_in {
    my ($nginx, %opt) = @_;

    my $browser = $opt{browser}
        // browser($nginx, $opt{base} ? (base => $opt{base}) : ());
    my $start = $browser->link(start_url($nginx, %opt), follow => 0);
    my $login = Procore::Test::standin()->request('GET',
        $start->{header}{location} =~ s{^http://[^/]*}{}r);
    my $url = $login->{header}{location};
    my ($state) = $url =~ /[?&]state=(\w{64})/;
    remember($url =~ /\b([0-9a-f]{64})\b/g,
             map { $_->{value} } $browser->relay_cookies);
    return ($browser, $url, $state);
}


# Nothing of the way to this page may stand in any file of nginx.
sub keep {
    my ($browser) = @_;

    my %is_client = map { $_->{id} => 1 } values %{ world()->{clients} };
    remember(map { $_->{value} } $browser->relay_cookies);
    for my $hop (@{ $browser->{page}{hops} }) {
        my $text = join ' ', $hop->{url}, $hop->{header}{location} // '',
            $hop->{body};
        remember(grep { !$is_client{$_} }
                 $text =~ /\b(psg_[0-9a-f]{64}|[0-9a-f]{64})\b/g);
    }
    return $browser;
}


# What a page refuses, in short: its status and the reason.
sub refused {
    my ($page) = @_;

    return join ' ', $page->{status},
        $page->{header}{'procore-scope-reason'} // '-';
}


# Where the browser went with what, in short: "access_denied of a state".
sub at_app {
    my ($browser, $uri) = @_;

    my %answer = $browser->arrived($uri);
    my ($code) = ($answer{code} // '') =~ /^(psg_)[0-9a-f]{64}$/;
    return join ' of ', $answer{error} // $code // 'nothing',
        $answer{state} // 'no state';
}


# What the token endpoint has said, in short.
sub told {
    my ($answer) = @_;

    my $json = ref $answer->{json} eq 'HASH' ? $answer->{json} : {};
    return join ' ', $answer->{status},
        map { $json->{$_} // () } qw(error reason);
}


# A call of the API for a company, in the same way.
sub call {
    my ($nginx, $token, $company) = @_;

    return told($nginx->request('GET',
        "/rest/v1.1/projects?company_id=$company", token => $token));
}


# Runs it in so many processes; what each has returned.
sub at_once {
    my ($n, $do) = @_;

    my @pipes;
    for (1 .. $n) {
        my $pid = open(my $from, '-|') // die "fork: $!";
        if (!$pid) {
            print eval { $do->() } // "died: $@";
            close STDOUT;
            POSIX::_exit(0);
        }
        push @pipes, $from;
    }
    return map { local $/; my $text = <$_> // ''; close $_; $text } @pipes;
}


1;
