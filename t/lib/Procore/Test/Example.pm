package Procore::Test::Example;

# Configurations as the documents show them, made fit for a test: the same
# text, with folders, ports, files and hosts of the test's own.

use strict;
use warnings;

use Cwd ();
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp ();
use JSON::PP ();

use Procore::Test::Certificate ();
use Procore::Test::Config ();
use Procore::Test::Host ();
use Procore::Test::Nginx ();
use Procore::Test::Process qw(free_port);

# What a file that a configuration names holds, by the end of its name.
my $MANIFEST = '{"post_installation_instruction": {"page": {"url":'
    . ' "https://help.example.com/", "label": "Help"}, "notes": ""}}';
my $KEY = 'a' x 44;
my $SECRET = 'a secret of an app';

my ($top) = Cwd::abs_path(__FILE__) =~ m{^(.*)/t/lib/Procore/Test/Example\.pm$};
my ($files, $certificate);


# A file of this project, by its path from the top.
sub content {
    my ($name) = @_;

    my $text = Procore::Test::Host::read_file("$top/$name");
    die "$name is missing or empty\n" unless length $text;
    return $text;
}


# A file of YAML, decoded: Ruby is there for the stand-in, and knows it.
sub yaml {
    my ($name) = @_;

    my $program = 'puts JSON.generate(YAML.load_file(ARGV[0]))';
    open my $ruby, '-|', 'ruby', '-ryaml', '-rjson', '-e', $program,
        "$top/$name" or die "ruby: $!";
    local $/;
    return JSON::PP->new->utf8->decode(scalar(<$ruby>) // '');
}


# The text for nginx(conf => ...). "port" maps a port that the text listens on
# to another one; 8080, 8443, 443 and 80 are %%PORT%% unless told. "file" maps a
# path to another one; others below /etc and /run/secrets are made, with a content
# that fits.
sub local_text {
    my ($text, %opt) = @_;

    $text =~ s/^\s*#.*$//mg;
    $text =~ s/^\s*load_module .*$//mg;
    $text =~ s/^user .*$//mg;
    $text =~ s{/run/nginx\.pid}{%%DIR%%/nginx.pid}g;
    $text =~ s{/var/lib/nginx/procore-scope}{%%STORE%%}g;
    $text =~ s{/var/cache/nginx}{%%DIR%%/temp/cache}g;
    $text =~ s{/var/log/nginx(?:/audit|/procore-scope)?}{%%DIR%%/logs}g;
    $text =~ s{unix:/(?!dev/)[\w./-]*/}{unix:%%DIR%%/}g;
    $text =~ s{(listen\s+)(?:[\d.]+:)?(\d+)\b}
              {"${1}127.0.0.1:" . listen_port($2, \%opt)}ge;
    $text =~ s{https://login[\w-]*\.procore(?:gov)?\.com(:443)?}{%%LOGIN%%}g;
    $text =~ s{https://(?:api|sandbox)[\w-]*\.procore(?:gov)?\.com(:443)?}
              {%%API%%}g;
    $text =~ s{([\s="])(/(?:etc|run/secrets)/[\w./-]+)}
              {$1 . etc($2, \%opt)}ge;
    return $text;
}


sub listen_port {
    my ($port, $opt) = @_;

    return $opt->{port}{$port}
        // ($port =~ /^(?:8080|8443|443|80)$/ ? '%%PORT%%' : free_port());
}


sub etc {
    my ($path, $opt) = @_;

    return $opt->{file}{$path} // file($path);
}


# A file of the same name below a folder of the test.
sub file {
    my ($path) = @_;

    $files //= File::Temp::tempdir(CLEANUP => 1);
    chmod 0755, $files;
    my $file = "$files$path";
    return $file if -e $file;

    make_path(dirname($file));
    my $content = $path =~ /\.json$/ ? $MANIFEST
                : $path =~ /audit.*key/ ? $KEY
                : $path =~ /\.(?:pem|crt|key)$/ ? certificate()
                : $SECRET;
    Procore::Test::Host::write_file($file, $content);
    chmod 0600, $file if $path !~ /\.(?:pem|crt)$/;
    return $file;
}


# A certificate and its key in one file, for "nginx -t" alone.
sub certificate {
    return $certificate if $certificate;

    my $dir = File::Temp->newdir;
    my $made = Procore::Test::Certificate->authority("$dir")->issue('example');
    return $certificate
        = join '', map { Procore::Test::Host::read_file($_) } values %$made;
}


# A whole configuration around text of the http block.
sub around {
    my ($http, %opt) = @_;

    my $module = Procore::Test::Config::module_path();
    my $load = $module eq 'static' ? ''
             : 'load_module ' . Cwd::abs_path($module) . ';';
    my $user = $> == 0 ? 'user nobody nogroup;' : '';
    my $temp = join "\n", map { "    ${_}_temp_path %%DIR%%/temp/$_;" }
        qw(client_body proxy fastcgi uwsgi scgi);

    return <<"EOT";
$load
daemon off;
$user
worker_processes @{[ $opt{workers} // 1 ]};
pid %%DIR%%/nginx.pid;
error_log %%DIR%%/logs/error.log info;
events {}
http {
$temp
$http
}
EOT
}


# Whether "nginx -t" takes the text in one of the blocks that it can belong to,
# and what it said of each.
sub parses {
    my ($text) = @_;

    my $local = local_text($text);
    $local =~ s/^http \{\n(.*)^\}$/$1/ms;
    my $missing = '';
    $missing .= "procore_scope_store %%STORE%%;\n"
        if $local !~ /^\s*procore_scope_store /m;
    $missing .= "log_format procore escape=none '\$procore_scope_audit';\n"
        if $local !~ /^\s*log_format procore /m;

    $missing .= "procore_scope_lookup /_procore;\n"
        if $local !~ /^\s*procore_scope_lookup /m;
    $missing .= "procore_scope monitor;\n" if $local !~ /^\s*procore_scope /m;

    my $server = 'listen 127.0.0.1:%%PORT%%;';

    my @tries = ("$missing$local",
                 "${missing}server { $server\n$local\n}",
                 "${missing}server { $server\nlocation / {\n$local\n} }");

    my $said = '';
    for my $http (@tries) {
        my ($exit, $output) = Procore::Test::Nginx->prepare(
            conf => around($http), api => 'http://127.0.0.1:9')->config_test;
        return (1, $output) if $exit == 0;
        $said .= $output;
    }
    return (0, $said);
}


1;
