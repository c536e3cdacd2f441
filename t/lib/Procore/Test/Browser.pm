package Procore::Test::Browser;

# A browser as far as an authorization needs one: cookies, redirects across
# hosts, forms, and the headers by which a server tells where a request comes
# from. It runs no script.
#
#     my $browser = Procore::Test::Browser->new(hosts => {
#         $nginx->url => $nginx, standin()->url => standin() });
#     my $page = $browser->link("https://gw.example.com/oauth/authorize?...");
#     $page = $browser->submit(action => 'choose', company => 7);
#     my %answer = $browser->arrived;      # parameters at the app
#
# A response is one of Procore::Test::HTTP, and has url (the last one asked,
# or the one of another host where the browser would go now: then away is
# true and status is that of the redirect) and hops (all responses on the way,
# the last one too).

use strict;
use warnings;

use Procore::Test::HTTP qw(encode_form);

use constant REDIRECTS => 10;


# Options:
#   hosts    {origin => Procore::Test::Host}: who answers for an origin such
#            as "https://gw.example.com"; all others are "away"
#   headers  [Name => value, ...] with every request
#   h2       true: hosts that have HTTP/2 are asked that way
sub new {
    my ($class, %opt) = @_;

    return bless { jar => [], headers => [], %opt }, $class;
}


# The user types an address, or opens a bookmark.
sub open {
    my ($self, $url, %opt) = @_;

    return $self->go(GET => $url, site => 'none', %opt);
}


# The user follows a link on a page of another site, such as the app's.
sub link {
    my ($self, $url, %opt) = @_;

    return $self->go(GET => $url, site => 'cross-site', %opt);
}


sub reload {
    my ($self, %opt) = @_;

    return $self->open($self->{page}{url}, %opt);
}


# Sends the form of the page with these values in place of its own; a button
# is named by its value: action => 'choose'. A hash gives options of go().
sub submit {
    my ($self, @values) = @_;

    my %opt;
    for my $i (0 .. $#values) {
        next unless ref $values[$i] eq 'HASH';
        %opt = %{ $values[$i] };
        splice @values, $i, 1;
        last;
    }
    my ($form) = grep { $_->{method} eq 'POST' } $self->forms
        or die "no form on $self->{page}{url}\n";
    my %value = (@{ $form->{fields} }, @values);
    my $url = absolute($form->{action}, $self->{page}{url});

    return $self->go(POST => $url, site => 'same-origin',
                     origin => origin($self->{page}{url}),
                     form => [map { $_ => $value{$_} } sort keys %value],
                     %opt);
}


# One navigation, with all redirects. Options:
#   site     value of Sec-Fetch-Site; undef: a browser that does not send it
#   dest     Sec-Fetch-Dest, "document"
#   origin   value of Origin; undef: none
#   follow   1; 0: not a single redirect
#   form, body, type, headers and the like: Procore::Test::HTTP
sub go {
    my ($self, $method, $url, %opt) = @_;

    my $follow = delete $opt{follow} // 1;
    my @hops;
    while (1) {
        my $response = $self->request($method, $url, %opt);
        push @hops, $response;
        @$response{qw(url hops)} = ($url, \@hops);

        my $location = $response->{header}{location};
        last unless $follow && $response->{status} =~ /^30[12378]$/
            && defined $location;
        die "too many redirects\n" if @hops > REDIRECTS;

        my $next = absolute($location, $url);
        unless ($self->{hosts}{ origin($next) }) {
            @$response{qw(url away)} = ($next, 1);
            last;
        }
        $opt{site} = 'cross-site'
            if defined $opt{site} && origin($next) ne origin($url);
        if ($response->{status} !~ /^30[78]$/ && $method ne 'HEAD') {
            $method = 'GET';
            delete @opt{qw(form body type origin json multipart)};
        }
        $url = $next;
    }
    return $self->{page} = $hops[-1];
}


sub request {
    my ($self, $method, $url, %opt) = @_;

    my ($site, $dest) = (delete $opt{site}, delete $opt{dest});
    my $origin = delete $opt{origin};
    my $host = $self->{hosts}{ origin($url) }
        or die "no host for $url\n";
    my @headers = (@{ $self->{headers} }, @{ delete $opt{headers} || [] });
    my $cookies = $self->cookies($url, $method, $site);
    push @headers, Cookie => $cookies if length $cookies;
    push @headers, 'Sec-Fetch-Site' => $site, 'Sec-Fetch-Mode' => 'navigate',
        'Sec-Fetch-Dest' => $dest // 'document' if defined $site;
    push @headers, Origin => $origin if defined $origin;

    my ($authority, $target) = $url =~ m{^\w+://([^/?#]*)([^#]*)};
    $target = "/$target" unless $target =~ m{^/};
    my $how = $self->{h2} && $host->can('h2_port') && $host->h2_port
        ? 'h2' : 'request';
    my $response = $host->$how($method, $target, host => $authority, %opt,
                               headers => \@headers);
    $self->keep($url, $_->[1]) for
        grep { lc $_->[0] eq 'set-cookie' } @{ $response->{headers} };
    return $response;
}


# ---- cookies ----------------------------------------------------------------

# Keeps a Set-Cookie as RFC 6265bis says.
sub keep {
    my ($self, $url, $line) = @_;

    my ($pair, @attributes) = split /\s*;\s*/, $line;
    my ($name, $value) = $pair =~ /^([^=]+)=(.*)$/s or return;
    my %has = map { /^([^=]+)(?:=(.*))?$/ ? (lc $1 => $2 // '') : () }
        @attributes;
    my ($host) = $url =~ m{^\w+://([^/:?#]*|\[[^]]*\])};
    my $secure = $url =~ /^https:/;

    return if exists $has{secure} && !$secure;
    return if $name =~ /^__Host-/ && (!exists $has{secure}
        || ($has{path} // '') ne '/' || exists $has{domain});

    my ($old) = grep { $_->{name} eq $name && $_->{host} eq $host }
        @{ $self->{jar} };
    if (defined $has{'max-age'} && $has{'max-age'} <= 0) {
        $self->{jar} = [grep { !$old || $_ != $old } @{ $self->{jar} }];
        return;
    }
    my $cookie = { name => $name, value => $value, host => $host,
                   secure => exists $has{secure},
                   lax => lc($has{samesite} // 'lax') ne 'none' };
    $old ? %$old = %$cookie : push @{ $self->{jar} }, $cookie;
    return;
}


# The value of the header Cookie, the oldest first.
sub cookies {
    my ($self, $url, $method, $site) = @_;

    my ($host) = $url =~ m{^\w+://([^/:?#]*|\[[^]]*\])};
    return join '; ', map { "$_->{name}=$_->{value}" } grep {
        $_->{host} eq $host && (!$_->{secure} || $url =~ /^https:/)
            && !($_->{lax} && $method eq 'POST'
                 && ($site // '') eq 'cross-site')
    } @{ $self->{jar} };
}


# The cookies of the relay, as {name, value}; they can be altered in place.
sub relay_cookies {
    my ($self) = @_;

    return grep { $_->{name} =~ /^(?:__Host-)?procore-scope-/ }
        @{ $self->{jar} };
}


# ---- the page ---------------------------------------------------------------

# The page's forms: method, action, and the fields that the browser would
# send as they are (a list of name and value; no button).
sub forms {
    my ($self, $page) = @_;

    my $html = ($page // $self->{page})->{body};
    my @forms;
    while ($html =~ m{<form\b([^>]*)>(.*?)</form>}gs) {
        my ($attributes, $inside) = (attributes($1), $2);
        my @fields;
        while ($inside =~ /<input\b([^>]*)>/gs) {
            my $input = attributes($1);
            my $type = lc($input->{type} // 'text');
            next unless defined $input->{name} && $type ne 'submit';
            next if $type =~ /^(?:radio|checkbox)$/
                && !exists $input->{checked};
            push @fields, $input->{name} => $input->{value} // '';
        }
        push @forms, { method => uc($attributes->{method} // 'get'),
                       action => $attributes->{action} // '',
                       fields => \@fields };
    }
    return @forms;
}


# The companies that can be picked on the page, as their ids, in order.
sub offered {
    my ($self) = @_;

    my @ids;
    while ($self->{page}{body} =~ /<input\b([^>]*)>/gs) {
        my $input = attributes($1);
        push @ids, $input->{value}
            if ($input->{name} // '') eq 'company'
                && lc($input->{type} // '') eq 'radio';
    }
    return @ids;
}


# The company that is picked when the page is shown, or undef.
sub preselected {
    my ($self) = @_;

    my ($form) = grep { $_->{method} eq 'POST' } $self->forms or return;
    my %value = @{ $form->{fields} };
    return $value{company};
}


# The text of the first heading.
sub heading {
    my ($self) = @_;

    my ($text) = $self->{page}{body} =~ m{<h1\b[^>]*>(.*?)</h1>}s;
    return text($text // '');
}


# What the app got: the parameters of the URL that the browser went away to,
# decoded. With an app's URI it dies unless it is that one.
sub arrived {
    my ($self, $uri) = @_;

    my $page = $self->{page};
    die "still at $page->{url}: $page->{status} $page->{body}\n"
        unless $page->{away};
    die "went to $page->{url}\n"
        if defined $uri && index($page->{url}, $uri) != 0;
    my ($query) = $page->{url} =~ /\?([^#]*)/;
    return map { decode($_) } map { (split(/=/, $_, 2), '')[0, 1] }
        split /&/, $query // '';
}


sub decode {
    my ($text) = @_;

    $text =~ tr/+/ /;
    $text =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
    return $text;
}


# Text as the user reads it.
sub text {
    my ($html) = @_;

    my %named = (amp => '&', lt => '<', gt => '>', quot => '"');
    $html =~ s/<[^>]*>//g;
    $html =~ s{&(?:\#(\d+)|\#x([0-9a-fA-F]+)|(\w+));}{
        defined $1 ? chr $1 : defined $2 ? chr hex $2 : $named{$3} // ''}gex;
    return $html;
}


sub attributes {
    my ($text) = @_;

    my %found;
    while ($text =~ /([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g)
    {
        $found{ lc $1 } = text($2 // $3 // $4 // '');
    }
    return \%found;
}


sub origin {
    my ($url) = @_;

    my ($origin) = $url =~ m{^(\w+://[^/?#]*)} or return '';
    $origin =~ s/:443$// if $origin =~ /^https:/;
    $origin =~ s/:80$// if $origin =~ /^http:/;
    return lc $origin;
}


sub absolute {
    my ($location, $base) = @_;

    return $location if $location =~ /^[\w.+-]+:/;
    return origin($base) . $location if $location =~ m{^/};
    my ($path) = $base =~ m{^(\w+://[^?#]*)};
    return "$path$location" if $location eq '' || $location =~ /^\?/;
    $path =~ s{[^/]*$}{};
    return $path . $location;
}


1;
