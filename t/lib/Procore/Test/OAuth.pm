package Procore::Test::OAuth;

# An app of the stand-in: how it gets, renews and gives back its tokens.

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();

use Procore::Test::HTTP qw(encode_form percent);

our @EXPORT_OK = qw(authorize authorize_code bind_token refresh remember
                    revoke secrets token_request world);

my ($dir) = __FILE__ =~ m{^(.*)/lib/Procore/Test/OAuth\.pm$};
my $world;
my %secrets;


# The content of world.json.
sub world {
    return $world if $world;

    open my $fh, '<:raw', "$dir/procore/world.json" or die "world.json: $!";
    local $/;
    return $world = JSON::PP->new->utf8->decode(scalar <$fh>);
}


# Secrets that the test used: no file of nginx may hold them.
sub remember {
    my (@values) = @_;

    $secrets{$_} = 1 for grep { defined && length } @values;
    return;
}


sub secrets {
    return sort keys %secrets;
}


# The request to /oauth/authorize; its response. Options:
#   client    crm; a name in world.json
#   user      1; who logs in
#   redirect  the client's first redirect URI
#   params    [name => value, ...], added
sub authorize {
    my ($to, %opt) = @_;

    my $client = world()->{clients}{ $opt{client} || 'crm' };
    my $query = encode_form(
        response_type => $opt{response_type} || 'code',
        client_id => $client->{id},
        redirect_uri => redirect($client, %opt),
        login_as => $opt{user} || 1, @{ $opt{params} || [] });
    return $to->request('GET', "/oauth/authorize?$query");
}


sub authorize_code {
    my ($to, %opt) = @_;

    my $response = authorize($to, %opt);
    my ($code) = ($response->{header}{location} // '') =~ /[?&]code=([^&]+)/
        or die "no code: $response->{status} $response->{body}\n";
    remember($code);
    return $code;
}


sub redirect {
    my ($client, %opt) = @_;

    return $opt{redirect} // $client->{redirect_uris}[0];
}


# A token request; its response. Options:
#   grant          authorization_code; refresh_token, client_credentials
#   client         crm
#   code, redirect, refresh_token
#   company_id     sent as a parameter;  company  sent as the header
#   format         form; json, multipart, query
#   auth           params; basic
#   params         [name => value, ...], added
#   target         /oauth/token
# and those of Procore::Test::HTTP.
sub token_request {
    my ($to, %opt) = @_;

    my $client = world()->{clients}{ $opt{client} || 'crm' };
    my $grant = $opt{grant} || 'authorization_code';
    my @params = (grant_type => $grant);
    push @params, code => $opt{code}, redirect_uri => redirect($client, %opt)
        if $grant eq 'authorization_code';
    push @params, refresh_token => $opt{refresh_token}
        if $grant eq 'refresh_token';
    push @params, company_id => $opt{company_id} if defined $opt{company_id};
    push @params, @{ $opt{params} || [] };

    my $response = post($to, $opt{target} || '/oauth/token', $client,
                        \@params, %opt);
    my $answer = $response->{json};
    remember(map { $answer->{$_} } qw(access_token refresh_token))
        if ref $answer eq 'HASH';
    return $response;
}


# Posts parameters with the client's credentials in the wanted form.
sub post {
    my ($to, $target, $client, $params, %opt) = @_;

    my @params = @$params;
    my %http = map { $_ => $opt{$_} } grep { exists $opt{$_} }
        qw(headers company host token timeout keep version chunked pause);
    if (($opt{auth} || 'params') eq 'basic') {
        $http{basic} = [@$client{qw(id secret)}];
    } else {
        push @params, client_id => $client->{id};
        push @params, client_secret => $client->{secret}
            if length $client->{secret};
    }
    remember($client->{secret});
    for (my $i = 0; $i < @params; $i += 2) {
        remember($params[$i + 1])
            if $params[$i] =~ /^(?:code|refresh_token|token)$/;
    }

    my $format = $opt{format} || 'form';
    return $to->request('POST', $target . '?' . encode_form(@params), %http)
        if $format eq 'query';
    my $body = $format eq 'multipart' ? pairs(@params)
             : $format eq 'json' ? { @params } : \@params;
    return $to->request('POST', $target, %http, $format => $body);
}


sub pairs {
    my (@flat) = @_;

    my @pairs;
    push @pairs, [splice @flat, 0, 2] while @flat;
    return \@pairs;
}


# Renews the pair of a token answer; the response.
sub refresh {
    my ($to, $token, %opt) = @_;

    return token_request($to, client => $token->{client}, %opt,
                         grant => 'refresh_token',
                         refresh_token => $token->{refresh_token});
}


# Revokes a token (access or refresh, as a string); the response.
sub revoke {
    my ($to, $token, %opt) = @_;

    my $client = world()->{clients}{ $opt{client} || 'crm' };
    return post($to, $opt{target} || '/oauth/revoke', $client,
                [token => $token], %opt);
}


# A fresh token of a user that names a company, if company is given. The
# code comes from "login" (where the user's browser goes), the token through
# "to". Dies where that fails. Returns the token answer and "client".
sub bind_token {
    my ($to, $login, %opt) = @_;

    my $company = delete $opt{company};
    my $code = authorize_code($login, %opt);
    my $response = token_request($to, %opt, code => $code,
                                 company_id => $company);
    die "no token: $response->{status} $response->{body}\n"
        unless $response->{status} == 200 && $response->{json}{access_token};
    return { %{ $response->{json} }, client => $opt{client} || 'crm' };
}


1;
