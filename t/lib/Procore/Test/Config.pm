package Procore::Test::Config;

# Writes the nginx.conf of a test: the contract's example, with what the
# test adds or replaces, and the secret files that it names.

use strict;
use warnings;

use Cwd ();

use Procore::Test::Host ();
use Procore::Test::OAuth ();

use constant CALLBACK => '/oauth/company/callback';

my ($top) = Cwd::abs_path(__FILE__) =~ m{^(.*)/t/lib/Procore/Test/Config\.pm$};


sub module_path {
    return $ENV{TEST_NGINX_MODULE} || "$top/ngx_http_procore_scope_module.so";
}


# Options: see nginx() in Procore::Test. "self" gives dir and ports.
sub text {
    my ($self, %opt) = @_;

    my %word = (
        DIR => $self->{dir}, PORT => $self->{port},
        H2PORT => $self->{h2_port} // '', API => $opt{api},
        LOGIN => $opt{login} // $opt{api}, STORE => $self->{store},
    );
    $opt{clients} //= ['crm'] if $opt{authorize};
    $opt{server} = join "\n", $opt{server} // '',
        map { client($self, $_) } @{ $opt{clients} || [] };
    my $conf = defined $opt{conf} ? $opt{conf} : main(%opt);
    $conf =~ s/%%([A-Z0-9]+)%%/$word{$1} \/\/ die "unknown word $1"/ge;
    return $conf;
}


sub main {
    my (%opt) = @_;

    my $load = $opt{module} && module_path() ne 'static'
        ? 'load_module ' . Cwd::abs_path(module_path()) . ';' : '';
    my $user = $> == 0 ? 'user ' . ($opt{user} // 'nobody nogroup') . ';' : '';
    my $workers = $opt{workers} // 1;
    my $level = $opt{log_level} // 'info';
    my $env = join "\n", map { "env $_;" }
        grep { defined $ENV{$_} || /ASAN|UBSAN/ }
        qw(ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS LD_PRELOAD);

    return <<"EOT" . http(%opt) . ($opt{tail} // '');
$load
daemon off;
$user
worker_processes $workers;
pid %%DIR%%/nginx.pid;
error_log %%DIR%%/logs/error.log $level;
$env
@{[ $opt{main} // '' ]}

events {
    worker_connections 1024;
    @{[ $opt{events} // '' ]}
}

EOT
}


sub http {
    my (%opt) = @_;

    my $scope = '';
    my $server = "access_log %%DIR%%/logs/access.log;\n";
    if ($opt{module}) {
        $scope = "procore_scope_store %%STORE%%;\n" unless $opt{no_store};
        $scope .= '    log_format procore escape=none'
            . " '\$procore_scope_audit';\n";
        my $mode = $opt{mode} // 'enforce';
        $server = "procore_scope $mode;\n$server"
            . '        access_log %%DIR%%/logs/audit.log procore'
            . " if=\$procore_scope_audit;\n";
        $server .= "        procore_scope_lookup /_procore;\n"
            if $opt{lookup} // 1;
    }
    my $h2 = $opt{h2} ? "listen 127.0.0.1:%%H2PORT%% http2;\n" : '';

    return <<"EOT";
http {
    client_body_temp_path %%DIR%%/temp/body;
    proxy_temp_path %%DIR%%/temp/proxy;
    fastcgi_temp_path %%DIR%%/temp/fastcgi;
    uwsgi_temp_path %%DIR%%/temp/uwsgi;
    scgi_temp_path %%DIR%%/temp/scgi;

    $scope
    proxy_http_version 1.1;
    client_max_body_size 512m;
    @{[ $opt{http} // '' ]}

    server {
        listen 127.0.0.1:%%PORT%%;
        $h2
        $server
        @{[ $opt{server} // '' ]}

@{[ locations(%opt) ]}
    }

    @{[ $opt{servers} // '' ]}
}
EOT
}


sub locations {
    my (%opt) = @_;

    my $oauth = $opt{module} ? 'procore_scope_oauth on;' : '';
    $oauth .= "\n            procore_scope_authorize %%LOGIN%% "
        . callback($opt{authorize}) . ';' if $opt{authorize};
    my $text = $opt{locations} // '';
    $text .= <<"EOT" unless $opt{bare};
        location /oauth/ {
            $oauth
            @{[ $opt{oauth} // '' ]}
            proxy_pass %%LOGIN%%;
        }

        location / {
            @{[ $opt{location} // '' ]}
            proxy_pass %%API%%;
        }
EOT
    $text .= <<"EOT" if $opt{module} && ($opt{lookup} // 1) && !$opt{bare};

        location /_procore/ {
            internal;
            @{[ $opt{lookup_location} // '' ]}
            proxy_pass %%API%%/;
        }
EOT
    return $text;
}


sub callback {
    my ($wanted) = @_;

    return $wanted =~ /:/ ? $wanted : 'http://127.0.0.1:%%PORT%%' . CALLBACK;
}


# One app as the gateway knows it: a name in world.json, or a hash with that
# name as "app". Its other members: id, name, secret ('': none), redirect and
# company (lists) in place of the app's own; more: text after them.
sub client {
    my ($self, $wanted) = @_;

    my %app = ref $wanted ? %$wanted : (app => $wanted);
    my $known = $app{app} ? Procore::Test::OAuth::world()->{clients}{$app{app}}
                          : {};
    my $id = $app{id} // $known->{id};
    my $name = $app{name} // $known->{name};
    my $secret = $app{secret} // $known->{secret} // '';
    my @redirects = @{ $app{redirect} // [ own_redirects($known) ] };

    my @line = ('procore_scope_client', $id);
    push @line, "\"name=$name\"" if defined $name;
    push @line, 'secret_file=' . secret_file($self, $id, $secret)
        if length $secret;
    push @line, map { "redirect_uri=$_" } @redirects;
    push @line, map { "\"company=$_\"" } @{ $app{company} || [] };
    push @line, $app{more} if defined $app{more};
    return join(' ', @line) . ';';
}


# The gateway's callback is registered for each app, and is no app's own.
sub own_redirects {
    my ($known) = @_;

    return grep { index($_, CALLBACK) < 0 } @{ $known->{redirect_uris} || [] };
}


sub secret_file {
    my ($self, $id, $secret) = @_;

    Procore::Test::OAuth::remember($secret);
    my $file = "$self->{dir}/conf/$id.secret";
    Procore::Test::Host::write_file($file, $secret);
    chmod 0600, $file;
    return $file;
}


1;
