# The Rails application: full stack, as Procore's is, so that parameters
# are parsed, wrapped and overridden the way its own are.

require "json"
require "logger"
require "rails"
require "active_record/railtie"
require "action_controller/railtie"
require "action_view/railtie"
require "doorkeeper"

require_relative "world"
require_relative "naming"
require_relative "ledger"
require_relative "faults"
require_relative "front"
require_relative "control"
require_relative "oauth"

module Procore
  THREADS = 8

  # Procore documents JSON merge patch bodies: they are JSON to it.
  Mime::Type.register "application/json", :json,
                      %w[text/x-json application/jsonrequest
                         application/merge-patch+json]

  class Standin < Rails::Application
    VERSIONED = "/rest/:version"

    def self.routes_for_api
      lambda do
        namespaced = lambda do
          get "companies", to: "companies#index"
          get "me", to: "users#show"
          get "companies/:company_id/projects", to: "projects#index"
          match "projects/sync", to: "projects#sync", via: %i[patch put]
          resources :projects, only: %i[index show create update] do
            resources :rfis, only: %i[index create update]
          end
          match "*path", to: "resources#any", via: :all
        end
        scope(VERSIONED, module: "procore/api", version: /v[0-9.]+/,
              &namespaced)
        scope("/vapid", module: "procore/api", &namespaced)
        match "/rest/*path", to: "procore/api/resources#any", via: :all
      end
    end

    def self.errors_as_json
      lambda do |env|
        status = env["PATH_INFO"].delete_prefix("/").to_i
        text = JSON.generate("errors" => Rack::Utils::HTTP_STATUS_CODES[status])
        [status, { "Content-Type" => "application/json" }, [text]]
      end
    end
  end

  module_function

  # Returns the Rack application; everything that it writes lies in dir.
  def build(dir)
    world = World.new(File.join(__dir__, "world.json"))
    ledger = Ledger.new

    settings(dir)
    connect(dir)
    Oauth.configure(world)
    Standin.initialize!
    prepare(world)
    load_controllers(world, ledger)
    draw_routes

    rails = Front.one_login_at_a_time(Standin)
    Front.new(Faults.new(rails, ledger), ledger, Control.new(ledger))
  end

  def settings(dir)
    config = Standin.config
    config.load_defaults 6.1
    config.root = dir
    config.eager_load = false
    config.cache_classes = true
    config.consider_all_requests_local = false
    config.secret_key_base = "stand-in" * 8
    config.logger = Logger.new(File.join(dir, "errors.log"))
    config.log_level = :error
    config.exceptions_app = Standin.errors_as_json
    config.active_support.deprecation = :silence
  end

  def connect(dir)
    ENV["DATABASE_URL"] = "sqlite3:#{File.join(dir, "procore.sqlite3")}" \
                          "?pool=#{THREADS + 2}&timeout=5000"
  end

  def load_controllers(world, ledger)
    require_relative "api"
    Api::Base.world = world
    Api::Base.ledger = ledger
    Doorkeeper::AccessToken.prepend(TokenInfo)
    Doorkeeper::OAuth::TokenResponse.prepend(TokenAnswer)
  end

  def draw_routes
    api = Standin.routes_for_api
    Standin.routes.draw do
      use_doorkeeper do
        skip_controllers :applications, :authorized_applications
      end
      instance_exec(&api)
    end
  end

  # Naming ActiveRecord::Base here is also what loads Doorkeeper's models.
  # A database that is there already is kept: tokens outlive a restart.
  def prepare(world)
    database = ActiveRecord::Base.connection
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = OFF")
    return if database.table_exists?(:oauth_applications)

    Oauth.create_tables
    Oauth.register(world.clients)
  end
end
